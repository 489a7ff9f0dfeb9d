#include "engine/chat_stream.h"

#include <fmt/format.h>

#include <cmath>

#include "core/text.h"

namespace joulebook {
namespace {

// The message of an error object, or of an error that is only a text.
std::string error_text(const Json& error) {
  if (error.is_string()) return std::string(error.as_string());
  const auto message = error["message"].as_string();
  return message.empty() ? error.dump() : std::string(message);
}

std::optional<Tokens> count(const Json& json) {
  if (!json.is_number()) return std::nullopt;
  return Tokens{std::max<std::int64_t>(0, json.as_int())};
}

}  // namespace

void ChatStream::event(SteadyTime t, std::string_view data) {
  if (data == "[DONE]") {
    done_ = true;
    return;
  }
  const auto json = parse_json(valid_utf8(data));
  if (!json) {
    ++malformed_;
    return;
  }
  if ((*json).has("error") && !(*json)["error"].is_null()) error_ = error_text((*json)["error"]);
  if ((*json)["usage"].is_object()) usage_ = (*json)["usage"];
  if ((*json)["timings"].is_object()) timings_ = (*json)["timings"];
  const Json& choice = (*json)["choices"].at(0);
  delta(t, choice["delta"].is_object() ? choice["delta"] : choice["message"]);
  const auto reason = choice["finish_reason"].as_string();
  if (!reason.empty()) finish_reason_ = reason;
}

void ChatStream::delta(SteadyTime t, const Json& delta) {
  const auto thought = delta.has("reasoning_content") && delta["reasoning_content"].is_string()
                           ? delta["reasoning_content"].as_string()
                           : delta["reasoning"].as_string();
  if (!thought.empty()) recorder_.reasoning(t, thought, {1});
  const auto content = delta["content"].as_string();
  if (!content.empty()) recorder_.output(t, content, {1});
}

void ChatStream::conclude_timings() {
  const double prompt_ms = timings_["prompt_ms"].as_double(-1);
  if (prompt_ms >= 0 && std::isfinite(prompt_ms) && prompt_ms < 1e12) {
    recorder_.prefill_took(Nanos(std::llround(prompt_ms * 1e6)));
  }
}

std::string ChatStream::conclude() {
  recorder_.end_of_output();
  if (malformed_ > 0) {
    recorder_.warn(fmt::format("{} events of the stream were not JSON", malformed_));
  }
  const auto prompt = count(usage_["prompt_tokens"]);
  const auto computed = count(timings_["prompt_n"]);
  const Tokens cached = count(usage_["prompt_tokens_details"]["cached_tokens"])
                            .value_or(count(timings_["cache_n"]).value_or(Tokens{0}));
  if (prompt || computed) {
    recorder_.prompt(prompt.value_or(computed.value_or(Tokens{}) + cached), cached);
  } else {
    recorder_.warn("the endpoint did not count the prompt's tokens");
  }
  conclude_timings();
  if (const auto output = count(usage_["completion_tokens"])) {
    recorder_.recount(*output, count(usage_["completion_tokens_details"]["reasoning_tokens"]));
    return "usage";
  }
  if (const auto output = count(timings_["predicted_n"])) {
    recorder_.recount(*output, std::nullopt);
    return "usage";
  }
  recorder_.warn(
      "the endpoint did not count its tokens: pieces of the stream are counted instead, of which "
      "each may hold several");
  return "deltas";
}

Finish ChatStream::finish() const {
  return finish_reason_ == "length" ? Finish::length : Finish::stop;
}

}  // namespace joulebook
