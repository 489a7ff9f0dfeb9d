#pragma once
// Answers of the gateway itself that are JSON. Pure.
#include "core/json.h"
#include "gateway/exchange.h"

namespace joulebook::gateway {

// {"error": {"code", "message", "cure"}}, with `type` (as OpenAI's clients look for one) before the cure
// where it is not empty.
[[nodiscard]] inline Metering::Own error_answer(int status, const char* code, const std::string& message,
                                                const char* cure, const char* type = "") {
  Json error = Json::object({{"code", code}, {"message", message}});
  if (*type != '\0') error.set("type", type);
  error.set("cure", cure);
  Metering::Own own;
  own.status = status;
  own.content_type = "application/json";
  own.body = Json::object({{"error", std::move(error)}}).dump() + "\n";
  return own;
}

}  // namespace joulebook::gateway
