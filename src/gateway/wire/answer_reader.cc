#include "gateway/wire/answer_reader.h"

#include <algorithm>
#include <utility>

namespace joulebook::gateway {
namespace {

std::optional<std::int64_t> whole_number(const Json& value) {
  if (!value.is_number() || !(value.as_double() >= 0) || value.as_double() > 1e12) return std::nullopt;
  return value.is_int() ? value.as_int() : static_cast<std::int64_t>(value.as_double());
}

std::optional<double> seconds(const Json& value, double unit) {
  if (!value.is_number() || !(value.as_double() >= 0) || value.as_double() * unit > 1e7) return std::nullopt;
  return value.as_double() * unit;
}

bool has_text(const Json& value) { return value.is_string() && !value.as_string().empty(); }

}  // namespace

void AnswerReader::count(std::int64_t n, bool reasoning, std::uint32_t choice, bool counted) {
  if (n <= 0) return;
  tokens_ += static_cast<double>(n);
  sink_(attribution::Tokens{n, choice, reasoning, counted});
}

void AnswerReader::tokens_of(const Json& text, bool reasoning, std::uint32_t choice) {
  if (!streaming_ || !has_text(text)) return;
  marks_[choice].told_apart |= reasoning;
  count(1, reasoning, choice, false);
}

// A text in which marks may stand; its tokens are `rise`, where the sender counts. Marks are thinking's
// own. One that closes what nothing opened says that all before it was thinking.
void AnswerReader::content(const Json& text, std::uint32_t choice, std::optional<std::int64_t> rise) {
  if (!streaming_ || (!rise && !has_text(text))) return;
  Marks& marks = marks_[choice];
  attribution::Tokens tokens{rise.value_or(1), choice, false, rise.has_value()};
  if (!marks.told_apart) {
    const bool unopened = marks.splitter.closed_unopened();
    const bool thought = marks.splitter.phase() == Phase::reason;
    marks.splitter.feed(text.as_string());
    tokens.reasoning = thought || marks.splitter.phase() == Phase::reason;
    if (!unopened && marks.splitter.closed_unopened()) {
      tokens.reasoning = true;
      tokens.thought_before = std::exchange(marks.answered, 0);
    }
  }
  if (tokens.count <= 0) return;
  if (!tokens.reasoning) marks.answered += tokens.count;
  tokens_ += static_cast<double>(tokens.count);
  sink_(tokens);
}

// OpenAI's names (prompt includes cached), the Responses', and Anthropic's (input excludes cached).
void AnswerReader::usage(const Json& usage, bool so_far) {
  if (!usage.is_object()) return;
  attribution::Usage& u = usage_;
  if (const auto n = whole_number(usage["prompt_tokens"])) u.prompt = n;
  if (const auto n = whole_number(usage["completion_tokens"])) u.output = n;
  if (const auto n = whole_number(usage["output_tokens"])) u.output = n;
  for (const char* details : {"prompt_tokens_details", "input_tokens_details"}) {
    if (const auto n = whole_number(usage[details]["cached_tokens"])) u.cached = n;
  }
  for (const char* details : {"completion_tokens_details", "output_tokens_details"}) {
    const Json& d = usage[details];
    // Servers that do not count it say 0: what was seen on the wire is better than that.
    if (const auto n = whole_number(d["reasoning_tokens"]); n && *n > 0) u.reasoning = n;
    const auto accepted = whole_number(d["accepted_prediction_tokens"]);
    const auto rejected = whole_number(d["rejected_prediction_tokens"]);
    if (accepted && rejected && *accepted + *rejected > 0) {
      u.accepted = accepted;
      u.drafted = *accepted + *rejected;
    }
  }
  if (const auto n = whole_number(usage["input_tokens"])) {
    u.prompt = n;
    if (api_ == Api::messages) {
      const auto read = whole_number(usage["cache_read_input_tokens"]).value_or(0);
      const auto made = whole_number(usage["cache_creation_input_tokens"]).value_or(0);
      u.prompt = *n + read + made;
      u.cached = read;
    }
  }
  if (so_far) u.output.reset();
  sink_(u);
}

// llama-server's: prompt_n was computed, cache_n came from the cache.
void AnswerReader::timings(const Json& t) {
  if (!t.is_object()) return;
  attribution::Timings out;
  out.prefill_s = seconds(t["prompt_ms"], 1e-3);
  out.decode_s = seconds(t["predicted_ms"], 1e-3);
  if (out.prefill_s || out.decode_s) sink_(out);
  const auto computed = whole_number(t["prompt_n"]);
  const auto cached = whole_number(t["cache_n"]);
  const auto predicted = whole_number(t["predicted_n"]);
  attribution::Usage& u = usage_;
  if (computed && cached) {
    u.prompt = *computed + *cached;
    u.cached = cached;
  } else if (computed && !u.prompt) {
    u.prompt = computed;
  }
  if (predicted && !u.output) u.output = predicted;
  if (const auto drafted = whole_number(t["draft_n"])) {
    u.drafted = drafted;
    u.accepted = whole_number(t["draft_n_accepted"]).value_or(0);
  }
  sink_(u);
}

// vLLM's, per request: from scheduled to first token, from first to last, and before (its own
// documentation, "Per-Request Metrics"); what its parser tells apart.
void AnswerReader::metrics(const Json& m) {
  if (!m.is_object()) return;
  attribution::Timings out;
  out.queue_s = seconds(m["queue_time_ms"], 1e-3);
  out.prefill_s = seconds(m["time_to_first_token_ms"], 1e-3);
  out.decode_s = seconds(m["generation_time_ms"], 1e-3);
  if (out.queue_s || out.prefill_s || out.decode_s) sink_(out);
  const auto reasoning = whole_number(m["output_token_metrics"]["reasoning"]["token_count"]);
  if (!reasoning || *reasoning == 0 || usage_.reasoning) return;
  usage_.reasoning = reasoning;
  sink_(usage_);
}

// Usage with every chunk from the first on (vLLM's continuous_usage_stats): what it rose by is this
// chunk's tokens. Of several choices it counts one or all, as the server likes: then it is not used.
std::optional<std::int64_t> AnswerReader::counted_here(const Json& choices, const Json& reported) {
  const auto so_far = whole_number(reported["completion_tokens"]);
  for (const auto& choice : choices.items()) {
    if (!begun_) continuous_ = streaming_ && so_far.has_value();
    begun_ = true;
    several_ = several_ || choice["index"].as_int() != 0;
  }
  if (!continuous_ || several_ || !so_far) return std::nullopt;
  const std::int64_t rise = std::max<std::int64_t>(*so_far - counted_, 0);
  counted_ += rise;
  return rise;
}

void AnswerReader::openai(const Json& json) {
  const Json& reported = json["usage"];
  const Json& choices = json["choices"];
  const auto rise = counted_here(choices, reported);
  const bool first = continuous_ && counted_ == 0;
  bool over = choices.items().empty() || !continuous_;
  for (const auto& choice : choices.items()) {
    const auto index = static_cast<std::uint32_t>(std::clamp<std::int64_t>(choice["index"].as_int(), 0, 1023));
    const Json& delta = choice["delta"];
    const Json& reasoning = has_text(delta["reasoning_content"]) ? delta["reasoning_content"] : delta["reasoning"];
    over = over || choice["finish_reason"].is_string();
    const Json& text = delta.has("content") ? delta["content"] : choice["text"];
    if (rise && has_text(reasoning)) {
      marks_[index].told_apart = true;
      count(*rise, true, index, true);
    } else if (rise) {
      content(text, index, rise);
    }
    if (rise) continue;
    tokens_of(reasoning, true, index);
    content(text, index);
    for (const auto& call : delta["tool_calls"].items()) {
      tokens_of(call["function"]["arguments"], false, index);
    }
  }
  if (choices.items().empty()) content(json["content"], 0);  // llama-server's /completion
  if (over || first) usage(reported, streaming_ && !over);
  timings(json["timings"]);
  metrics(json["metrics"]);
}

void AnswerReader::responses(const Json& json, std::string_view type) {
  if (type.ends_with(".delta")) {
    tokens_of(json["delta"], type.find("reasoning") != type.npos, 0);
  }
  const Json& response = streaming_ ? json["response"] : json;
  usage(response["usage"]);
  metrics(response["metrics"]);
}

void AnswerReader::messages(const Json& json, std::string_view type) {
  const Json& delta = json["delta"];
  if (type == "content_block_delta") {
    tokens_of(delta["thinking"], true, 0);
    tokens_of(delta["text"], false, 0);
    tokens_of(delta["partial_json"], false, 0);
  }
  usage(json["message"]["usage"], true);
  usage(json["usage"]);
}

void AnswerReader::ollama(const Json& json) {
  constexpr double kNano = 1e-9;
  const Json& message = json["message"];
  tokens_of(message["thinking"], true, 0);
  tokens_of(json["thinking"], true, 0);
  content(message["content"], 0);
  content(json["response"], 0);
  if (api_ != Api::ollama_embed && !json["done"].as_bool()) return;
  attribution::Usage& u = usage_;
  // A count that is 0 is left out of the answer: a prompt that was cached has none.
  u.prompt = whole_number(json["prompt_eval_count"]);
  u.output = whole_number(json["eval_count"]);
  if (u.prompt || u.output) sink_(u);
  attribution::Timings t;
  t.load_s = seconds(json["load_duration"], kNano);
  t.prefill_s = seconds(json["prompt_eval_duration"], kNano);
  t.decode_s = seconds(json["eval_duration"], kNano);
  sink_(t);
}

AnswerReader::Role AnswerReader::piece(std::string_view data, std::string_view event) {
  Role role;
  streaming_ = true;
  if (data == "[DONE]") {
    role.last = true;
    return role;
  }
  const auto parsed = parse_json(data);
  if (!parsed) return role;
  const Json& json = *parsed;
  const std::string type(json["type"].is_string() ? json["type"].as_string() : event);
  switch (api_) {
    case Api::responses:
      responses(json, type);
      role.last = type == "response.completed" || type == "response.incomplete" ||
                  type == "response.failed" || type == "error";
      break;
    case Api::messages:
      messages(json, type);
      role.last = type == "message_stop" || type == "error";
      break;
    case Api::ollama_chat:
    case Api::ollama_generate:
    case Api::ollama_embed:
      ollama(json);
      role.last = json["done"].as_bool();
      break;
    default:
      role.usage_alone = json["choices"].is_array() && json["choices"].items().empty() &&
                         json["usage"].is_object();
      openai(json);
      role.last = json["stop"].as_bool();
  }
  return role;
}

void AnswerReader::whole(std::string_view body) {
  const auto parsed = parse_json(body);
  if (!parsed) return;
  streaming_ = false;
  // /infill answers with an array; its counts are in the last one.
  const Json& json = parsed->is_array() && !parsed->items().empty() ? parsed->items().back() : *parsed;
  switch (api_) {
    case Api::responses: return responses(json, {});
    case Api::messages: return messages(json, {});
    case Api::ollama_chat:
    case Api::ollama_generate:
    case Api::ollama_embed: return ollama(json);
    default: openai(json);
  }
  tokens_ = std::max(tokens_, static_cast<double>(usage_.output.value_or(0)));
}

}  // namespace joulebook::gateway
