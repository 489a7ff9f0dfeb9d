#include "gateway/wire/answer_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/json_scan.h"

namespace joulebook::gateway {
namespace {

template <std::size_t N>
using Names = std::array<std::string_view, N>;

attribution::Usage told(const SenderCounts& c) {
  return {c.prompt, c.cached, c.output, c.reasoning, c.drafted, c.accepted};
}

bool is_object(std::string_view value) { return value.starts_with('{'); }

std::string_view type_of(std::string_view json, std::string_view event) {
  const auto [type] = members_of(json, Names<1>{"type"});
  return type.starts_with('"') ? written_text(type) : event;
}

std::string_view last_item(std::string_view array) {
  std::string_view last;
  const bool sound = walk_array(array, [&](std::string_view item) {
    last = item;
    return true;
  });
  return sound ? last : std::string_view();
}

}  // namespace

// A stream has sent its status when its engine fails: all interfaces then write an `error`, an object or
// a text; elsewhere it is null or absent.
void AnswerReader::error(std::string_view value) { failed_ = failed_ || is_object(value) || has_text(value); }

void AnswerReader::count(std::int64_t n, bool reasoning, std::uint32_t choice, bool counted) {
  if (n <= 0) return;
  tokens_ += static_cast<double>(n);
  sink_(attribution::Tokens{n, choice, reasoning, counted});
}

void AnswerReader::tokens_of(std::string_view text, bool reasoning, std::uint32_t choice) {
  if (!streaming_ || !has_text(text)) return;
  marks_[choice].told_apart |= reasoning;
  count(1, reasoning, choice, false);
}

// A text in which marks may stand; its tokens are `rise`, where the sender counts. Marks are thinking's
// own. One that closes what nothing opened says that all before it was thinking.
void AnswerReader::content(std::string_view text, std::uint32_t choice, std::optional<std::int64_t> rise) {
  if (!streaming_ || (!rise && !has_text(text))) return;
  Marks& marks = marks_[choice];
  attribution::Tokens tokens{rise.value_or(1), choice, false, rise.has_value()};
  if (!marks.told_apart) {
    const bool unopened = marks.splitter.closed_unopened();
    const bool thought = marks.splitter.phase() == Phase::reason;
    marks.splitter.feed(text_of(text, room_));
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

void AnswerReader::usage(std::string_view json, bool so_far) {
  const auto seen = counts_.reasoning;
  if (!read_usage(json, api_ == Api::messages, counts_)) return;
  // Servers that do not count it say 0: what was seen on the wire is better than that.
  if (counts_.reasoning == 0) counts_.reasoning = seen;
  if (so_far) counts_.output.reset();
  sink_(told(counts_));
}

void AnswerReader::timings(std::string_view json) {
  if (!is_object(json)) return;
  const SenderTimes times = read_timings(json, counts_);
  if (times.prefill || times.decode) sink_(attribution::Timings{.prefill_s = times.prefill, .decode_s = times.decode});
  sink_(told(counts_));
}

// vLLM's, per request: from scheduled to first token, from first to last, and before (its own
// documentation, "Per-Request Metrics"); what its parser tells apart.
void AnswerReader::metrics(std::string_view json) {
  if (!is_object(json)) return;
  const auto [queued, to_first, generating, counts] =
      members_of(json, Names<4>{"queue_time_ms", "time_to_first_token_ms", "generation_time_ms",
                                "output_token_metrics"});
  attribution::Timings out;
  out.queue_s = time_of(queued, 1e-3);
  out.prefill_s = time_of(to_first, 1e-3);
  out.decode_s = time_of(generating, 1e-3);
  if (out.queue_s || out.prefill_s || out.decode_s) sink_(out);
  const auto [thinking] = members_of(counts, Names<1>{"reasoning"});
  const auto [count] = members_of(thinking, Names<1>{"token_count"});
  const auto reasoning = count_of(count);
  if (!reasoning || *reasoning == 0 || counts_.reasoning) return;
  counts_.reasoning = reasoning;
  sink_(told(counts_));
}

// A delta that is no sound object says nothing, and what stands around it does all the same.
std::size_t AnswerReader::read_delta(std::string_view json, std::size_t at, Said& said) {
  said.thought = said.thinking = said.content = said.calls = {};
  const std::size_t end = scan::walk_members(json, at, [&](std::string_view name, std::size_t begin) {
    std::string_view other;
    return scan::take_value(json, begin, name == "content"             ? said.content
                                         : name == "reasoning_content" ? said.thought
                                         : name == "reasoning"         ? said.thinking
                                         : name == "tool_calls"        ? said.calls
                                                                       : other);
  });
  if (end != scan::kBad) return end;
  said.thought = said.thinking = said.content = said.calls = {};
  return scan::skip_value(json, at);
}

std::size_t AnswerReader::read_choice(std::string_view json, std::size_t at, Said& said) {
  const std::size_t end = scan::walk_members(json, at, [&](std::string_view name, std::size_t begin) {
    if (name == "delta") return read_delta(json, begin, said);
    std::string_view other;
    return scan::take_value(json, begin, name == "index"           ? said.index
                                         : name == "finish_reason" ? said.finish
                                         : name == "text"          ? said.text
                                                                   : other);
  });
  if (end != scan::kBad) return end;
  said = {};
  return scan::skip_value(json, at);
}

// Of a list that breaks off those before the break were said.
std::size_t AnswerReader::read_choices(std::string_view json, std::size_t at, Event& event) {
  event.choices.clear();
  const std::size_t end = scan::walk(json, at, '[', ']', [&](std::size_t begin) {
    Said said;
    const std::size_t after = read_choice(json, begin, said);
    if (after != scan::kBad) event.choices.push_back(said);
    return after;
  });
  event.listed = end != scan::kBad;
  return event.listed ? end : scan::skip_value(json, at);
}

// Of several members of one name the last counts; what is no whole object says nothing.
void AnswerReader::read_event(std::string_view json, Event& event) {
  const auto forget = [&event] {
    event.choices.clear();
    event = {.choices = std::move(event.choices)};  // their room is kept
  };
  forget();
  const std::size_t end = scan::walk_members(json, scan::blanks(json, 0), [&](std::string_view name, std::size_t begin) {
    if (name == "choices") return read_choices(json, begin, event);
    std::string_view other;
    return scan::take_value(json, begin, name == "usage"     ? event.usage
                                         : name == "timings" ? event.timings
                                         : name == "content" ? event.content
                                         : name == "stop"    ? event.stop
                                         : name == "metrics" ? event.metrics
                                         : name == "error"   ? event.error
                                                             : other);
  });
  if (!scan::whole(json, end)) forget();
}

// Usage with every chunk from the first on (vLLM's continuous_usage_stats): what it rose by is this
// chunk's tokens. Of several choices it counts one or all, as the server likes: then it is not used.
std::optional<std::int64_t> AnswerReader::counted_here(const Event& event) {
  if (begun_ && !continuous_) return std::nullopt;
  const auto [completed] = members_of(event.usage, Names<1>{"completion_tokens"});
  const auto so_far = count_of(completed);
  for (const Said& said : event.choices) {
    if (!begun_) continuous_ = so_far.has_value();
    begun_ = true;
    several_ = several_ || integer_of(said.index).value_or(0) != 0;
  }
  if (!continuous_ || several_ || !so_far) return std::nullopt;
  const std::int64_t rise = std::max<std::int64_t>(*so_far - counted_, 0);
  counted_ += rise;
  return rise;
}

// Whether it is the choice's last. `rise`: tokens that were counted for it.
bool AnswerReader::choice(const Said& said, std::optional<std::int64_t> rise) {
  const bool last = said.finish.starts_with('"');
  const auto index =
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(integer_of(said.index).value_or(0), 0, 1023));
  const std::string_view reasoning = has_text(said.thought) ? said.thought : said.thinking;
  const std::string_view told = said.content.empty() ? said.text : said.content;
  if (rise && has_text(reasoning)) {
    marks_[index].told_apart = true;
    count(*rise, true, index, true);
  } else if (rise) {
    content(told, index, rise);
  }
  if (rise) return last;
  tokens_of(reasoning, true, index);
  content(told, index);
  if (!said.calls.starts_with('[')) return last;
  (void)walk_array(said.calls, [&](std::string_view call) {
    const auto [function] = members_of(call, Names<1>{"function"});
    const auto [arguments] = members_of(function, Names<1>{"arguments"});
    tokens_of(arguments, false, index);
    return true;
  });
  return last;
}

// What its choices say is told by its counts.
void AnswerReader::openai_whole(std::string_view json) {
  const auto [reported, timed, measured, wrong] = members_of(json, Names<4>{"usage", "timings", "metrics", "error"});
  error(wrong);
  usage(reported);
  timings(timed);
  metrics(measured);
}

void AnswerReader::openai(std::string_view json, Role& role) {
  read_event(json, event_);
  error(event_.error);
  const auto rise = counted_here(event_);
  const bool any = !event_.choices.empty();
  const bool first = continuous_ && counted_ == 0;
  bool over = !continuous_;
  for (const Said& said : event_.choices) over = choice(said, rise) || over;
  role.usage_alone = event_.listed && !any && is_object(event_.usage);
  role.last = event_.stop == "true";
  over = over || !any;
  if (!any) content(event_.content, 0);  // llama-server's /completion
  if (over || first) usage(event_.usage, !over);
  timings(event_.timings);
  metrics(event_.metrics);
}

void AnswerReader::responses(std::string_view json, std::string_view type) {
  const auto [delta, inner] = members_of(json, Names<2>{"delta", "response"});
  if (type.ends_with(".delta")) tokens_of(delta, type.find("reasoning") != type.npos, 0);
  const auto [reported, measured, wrong] =
      members_of(streaming_ ? inner : json, Names<3>{"usage", "metrics", "error"});
  error(wrong);
  failed_ = failed_ || type == "error";
  usage(reported);
  metrics(measured);
}

void AnswerReader::messages(std::string_view json, std::string_view type) {
  const auto [delta, message, reported, wrong] =
      members_of(json, Names<4>{"delta", "message", "usage", "error"});
  error(wrong);
  if (type == "content_block_delta") {
    const auto [thinking, text, partial] = members_of(delta, Names<3>{"thinking", "text", "partial_json"});
    tokens_of(thinking, true, 0);
    tokens_of(text, false, 0);
    tokens_of(partial, false, 0);
  }
  const auto [inner] = members_of(message, Names<1>{"usage"});
  usage(inner, true);
  usage(reported);
}

// Whether it says that all is done.
bool AnswerReader::ollama(std::string_view json) {
  constexpr double kNano = 1e-9;
  const auto [message, thinking, response, done, prompt, output, load, prefill, decode, wrong] = members_of(
      json, Names<10>{"message", "thinking", "response", "done", "prompt_eval_count", "eval_count",
                      "load_duration", "prompt_eval_duration", "eval_duration", "error"});
  error(wrong);
  const auto [thought, said] = members_of(message, Names<2>{"thinking", "content"});
  tokens_of(thought, true, 0);
  tokens_of(thinking, true, 0);
  content(said, 0);
  content(response, 0);
  const bool over = done == "true";
  if (api_ != Api::ollama_embed && !over) return over;
  // A count that is 0 is left out of the answer: a prompt that was cached has none.
  counts_.prompt = count_of(prompt);
  counts_.output = count_of(output);
  if (counts_.prompt || counts_.output) sink_(told(counts_));
  attribution::Timings t;
  t.load_s = time_of(load, kNano);
  t.prefill_s = time_of(prefill, kNano);
  t.decode_s = time_of(decode, kNano);
  if (t.load_s || t.prefill_s || t.decode_s) sink_(t);
  return over;
}

AnswerReader::Role AnswerReader::piece(std::string_view data, std::string_view event) {
  Role role;
  streaming_ = true;
  if (data == "[DONE]") {
    role.last = true;
    return role;
  }
  switch (api_) {
    case Api::responses: {
      const std::string_view type = type_of(data, event);
      responses(data, type);
      role.last = type == "response.completed" || type == "response.incomplete" ||
                  type == "response.failed" || type == "error";
      break;
    }
    case Api::messages: {
      const std::string_view type = type_of(data, event);
      messages(data, type);
      role.last = type == "message_stop" || type == "error";
      break;
    }
    case Api::ollama_chat:
    case Api::ollama_generate:
    case Api::ollama_embed:
      role.last = ollama(data);
      break;
    default:
      openai(data, role);
  }
  return role;
}

void AnswerReader::whole(std::string_view body) {
  streaming_ = false;
  // /infill answers with an array; its counts are in the last one.
  const std::string_view item = last_item(body);
  const std::string_view json = item.empty() ? body : item;
  switch (api_) {
    case Api::responses: return responses(json, {});
    case Api::messages: return messages(json, {});
    case Api::ollama_chat:
    case Api::ollama_generate:
    case Api::ollama_embed: return void(ollama(json));
    default: openai_whole(json);
  }
  tokens_ = std::max(tokens_, static_cast<double>(counts_.output.value_or(0)));
}

}  // namespace joulebook::gateway
