#include "engine/endpoint_errors.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/json.h"
#include "core/text.h"

namespace joulebook {
namespace {

constexpr std::size_t kShownBytes = 300;

Error engine_error(std::string code, std::string message, std::string cure) {
  return {ErrorKind::engine, std::move(code), std::move(message), std::move(cure)};
}

bool says_too_long(const std::string& body) {
  for (const auto* mark :
       {"context_length_exceeded", "exceed_context_size", "maximum context length"}) {
    if (body.find(mark) != body.npos) return true;
  }
  return false;
}

}  // namespace

std::string refusal_text(const std::string& body) {
  std::string text = body;
  if (const auto json = parse_json(body)) {
    const Json& error = (*json)["error"];
    for (const auto candidate : {error["message"].as_string(), error.as_string(),
                                 (*json)["message"].as_string(), (*json)["detail"].as_string()}) {
      if (candidate.empty()) continue;
      text = std::string(candidate);
      break;
    }
  }
  text.resize(std::min(text.size(), kShownBytes));
  std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return valid_utf8(trim(text));
}

std::optional<Error> endpoint_error(const HttpCall& call, const std::string& address) {
  const std::string said = refusal_text(call.error_body);
  const std::string tail = said.empty() ? "" : ": " + said;
  if (call.status == 0) {
    return engine_error("endpoint.refused",
                        fmt::format("{} can't be reached: {}", address, call.failure),
                        "start the server, or check the address and the port");
  }
  if (call.status >= 200 && call.status < 300) return std::nullopt;
  if (call.status == 401 || call.status == 403) {
    return engine_error("endpoint.unauthorized",
                        fmt::format("{} refuses the key ({}){}", address, call.status, tail),
                        "put a valid key into the variable that --api-key-env names "
                        "(OPENAI_API_KEY by default)");
  }
  if (call.status == 404) {
    return engine_error("endpoint.not_found",
                        fmt::format("{} has no such path or model (404){}", address, tail),
                        "check the address and the model's name; the endpoint must speak OpenAI's "
                        "/v1/chat/completions");
  }
  if (call.status == 429) {
    return engine_error(
        "endpoint.throttled",
        fmt::format("{} answers fewer requests than were sent (429){}", address, tail),
        "wait, or send fewer requests at once");
  }
  if (says_too_long(call.error_body)) {
    return Error{ErrorKind::input, "prompt.too_long",
                 fmt::format("{} says that the prompt is longer than its context{}", address, tail),
                 "shorten the prompt, or serve the model with a larger context"};
  }
  return engine_error("endpoint.failed",
                      fmt::format("{} failed ({}){}", address, call.status, tail),
                      call.status >= 500 ? "look into the server's log, then run again"
                                         : "the endpoint does not accept this request; see its "
                                           "answer above");
}

}  // namespace joulebook
