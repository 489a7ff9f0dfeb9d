#pragma once
// What `joulebook load` was asked for, and the campaign that it means. Reads the files named.
#include <joulebook/result.h>

#include <optional>
#include <string>
#include <vector>

#include "load/campaign.h"

namespace joulebook {

struct LoadRequest {
  std::string address;
  std::string model_name;
  std::string key_variable = "OPENAI_API_KEY";

  std::optional<int> concurrency;  // 1 in a closed loop, 4096 at most in an open one
  double rate = 0;
  std::string arrivals = "poisson";
  double burstiness = 1;
  double ramp_s = 0;
  std::string trace;
  double speed = 1;
  std::string sweep;  // "concurrency=1,2,4" or "rate=1,2.5"

  std::string input = "128";
  std::string output = "128";
  std::string prompts;
  bool completions = false;
  bool whole = false;  // not streamed
  std::optional<bool> ignore_eos;
  double temperature = 0;
  std::string extra;  // JSON

  std::int64_t requests = 0;
  double duration_s = 0;
  std::string warmup;  // "20" requests or "5s"; empty: by the pace
  double window_s = 5;
  int max_windows = 12;
  double tolerance = 10;  // per cent
  double drain_s = 60;
  double timeout_s = 0;
  std::string slo;
  int repeats = 1;
  std::int64_t seed = 1;

  std::string out;
  bool keep_text = false;
  std::vector<int> pids;
  int port = 0;
};

// "ttft=500ms,tpot=50ms,itl=200ms,e2e=2s". Errors: usage "load.slo".
[[nodiscard]] Result<load::Slo> parse_slo(std::string_view text);

// Errors: usage "load.pace" (a closed loop, a rate and a trace are three things), "load.sweep",
// "load.warmup", "load.slo", "load.lengths", "load.body"; those of reading the files.
[[nodiscard]] Result<load::Campaign> campaign_of(const LoadRequest& request);

// "made-up prompts, 512 tokens in, 128 out".
[[nodiscard]] std::string prompts_text(const LoadRequest& request, const load::Campaign& campaign);

}  // namespace joulebook
