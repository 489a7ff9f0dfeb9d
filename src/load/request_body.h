#pragma once
// The JSON of a request to an OpenAI-compatible endpoint. Pure.
#include <string>

#include "core/json.h"
#include "load/workload.h"

namespace joulebook::load {

struct BodyRule {
  std::string model;
  bool chat = true;  // else /v1/completions
  bool stream = true;
  bool ignore_eos = false;  // vLLM, SGLang, llama-server: answers are as long as asked for
  double temperature = 0;
  Json extra;  // members that are added, or put in the place of ours; an object or null
};

[[nodiscard]] std::string request_body(const WorkItem& item, const BodyRule& rule);

// "/chat/completions" or "/completions".
[[nodiscard]] std::string_view request_path(const BodyRule& rule);

}  // namespace joulebook::load
