#include "engine/recorder.h"

#include <algorithm>
#include <cmath>

#include "core/text.h"

namespace joulebook {
namespace {

bool is_output(const PhaseSpan& span) {
  return span.phase == Phase::reason || span.phase == Phase::answer;
}

}  // namespace

Recorder::Recorder(const GenerateRequest& request, bool thinking, SteadyTime start)
    : request_(request),
      splitter_(thinking, [this](Phase phase, std::string_view text) { take(phase, text); }),
      edge_(start),
      last_(start) {
  out_.phases.push_back({Phase::prefill, start, start, {}});
}

void Recorder::queued_until(SteadyTime t) {
  auto& prefill = out_.phases.back();
  if (t <= prefill.begin) return;
  const PhaseSpan queue{Phase::queue, prefill.begin, t, {}};
  prefill.begin = prefill.end = edge_ = last_ = t;
  out_.phases.insert(out_.phases.end() - 1, queue);
}

void Recorder::prompt(Tokens all, Tokens cached) {
  out_.prompt_tokens = all;
  out_.cached_tokens = {std::min(cached.count, all.count)};
  const auto prefill = std::find_if(out_.phases.begin(), out_.phases.end(),
                                    [](const auto& span) { return span.phase == Phase::prefill; });
  prefill->tokens = {all.count - out_.cached_tokens.count};
  if (out_.cached_tokens.count == 0) return;
  const PhaseSpan hit{Phase::cached, prefill->begin, prefill->begin, out_.cached_tokens};
  out_.phases.insert(prefill, hit);
}

void Recorder::prefill_took(Nanos duration) {
  const auto prefill = std::find_if(out_.phases.begin(), out_.phases.end(),
                                    [](const auto& span) { return span.phase == Phase::prefill; });
  const SteadyTime begin = prefill->end - duration;
  if (duration < Nanos(0) || begin <= prefill->begin) return;
  auto first = out_.phases.begin();
  if (first->phase != Phase::queue) {
    first = out_.phases.insert(first, PhaseSpan{Phase::queue, first->begin, first->begin, {}});
  }
  first->end = begin;
  for (auto it = first + 1; it != out_.phases.end() && !is_output(*it); ++it) {
    it->begin = begin;
    if (it->phase == Phase::cached) it->end = begin;
  }
}

void Recorder::begin_output(SteadyTime t) {
  if (output_begun_) return;
  output_begun_ = true;
  out_.phases.back().end = edge_ = t;
}

void Recorder::output(SteadyTime t, std::string_view text, Tokens tokens) {
  begin_output(t);
  last_ = t;
  counted_ += tokens.count;
  if (tokens.count > 0) out_.token_times.push_back(t);
  if (unsettled_.count == 0 && !splitter_.holding()) group_phase_ = splitter_.phase();
  unsettled_ += tokens;
  splitter_.feed(text);
  if (splitter_.closed_unopened() && !flipped_) all_was_thinking();
  if (!splitter_.holding()) settle(splitter_.phase());
}

void Recorder::reasoning(SteadyTime t, std::string_view text, Tokens tokens) {
  begin_output(t);
  settle(splitter_.phase());
  last_ = t;
  counted_ += tokens.count;
  if (tokens.count > 0) out_.token_times.push_back(t);
  out_.reasoning_marked = true;
  take(Phase::reason, text);
  group_phase_ = Phase::reason;
  unsettled_ = tokens;
  settle(Phase::reason);
}

void Recorder::take(Phase phase, std::string_view text) {
  if (splitter_.closed_unopened() && !flipped_) all_was_thinking();
  (phase == Phase::reason ? out_.reasoning : out_.answer) += text;
  piece_ += text;
}

// The unsettled tokens get their phase: thinking where the group began or ended in it.
void Recorder::settle(Phase phase) {
  if (unsettled_.count == 0 && piece_.empty()) return;
  const bool thought = phase == Phase::reason || group_phase_ == Phase::reason;
  const Phase of = thought ? Phase::reason : Phase::answer;
  count(of, last_, unsettled_);
  if (request_.on_token) request_.on_token({last_, of, piece_, unsettled_});
  unsettled_ = {};
  piece_.clear();
  group_phase_ = phase;
}

void Recorder::count(Phase phase, SteadyTime t, Tokens tokens) {
  if (out_.phases.back().phase != phase) out_.phases.push_back({phase, edge_, t, {}});
  out_.phases.back().end = edge_ = t;
  out_.phases.back().tokens += tokens;
  (phase == Phase::reason ? out_.reasoning_tokens : out_.answer_tokens) += tokens;
}

// A block was closed that the prompt had opened: what was taken for an answer was thinking.
void Recorder::all_was_thinking() {
  flipped_ = true;
  out_.reasoning += out_.answer;
  out_.answer.clear();
  out_.reasoning_tokens += out_.answer_tokens;
  out_.answer_tokens = {};
  group_phase_ = Phase::reason;
  const auto first = std::find_if(out_.phases.begin(), out_.phases.end(), is_output);
  if (first == out_.phases.end()) return;
  first->phase = Phase::reason;
  first->end = edge_;
  first->tokens = out_.reasoning_tokens;
  out_.phases.erase(first + 1, out_.phases.end());
}

Tokens Recorder::share_of_thinking(Tokens output) const {
  double thought = static_cast<double>(out_.reasoning_tokens.count);
  double said = static_cast<double>(out_.answer_tokens.count);
  const bool pieces_tell =
      (thought > 0) == !out_.reasoning.empty() && (said > 0) == !out_.answer.empty();
  if (!pieces_tell) {
    thought = static_cast<double>(out_.reasoning.size());
    said = static_cast<double>(out_.answer.size());
  }
  if (thought + said <= 0) return {};
  return {std::llround(static_cast<double>(output.count) * thought / (thought + said))};
}

void Recorder::recount(Tokens output, std::optional<Tokens> reasoning) {
  const bool told = reasoning && (reasoning->count > 0 || out_.reasoning.empty());
  const Tokens thought{
      std::min(told ? reasoning->count : share_of_thinking(output).count, output.count)};
  out_.reasoning_tokens = thought;
  out_.answer_tokens = {output.count - thought.count};
  share_out(Phase::reason, out_.reasoning_tokens);
  share_out(Phase::answer, out_.answer_tokens);
}

// Gives the spans of a phase `tokens` in all, in proportion to what they had.
void Recorder::share_out(Phase phase, Tokens tokens) {
  std::int64_t had = 0;
  PhaseSpan* last = nullptr;
  for (auto& span : out_.phases) {
    if (span.phase != phase) continue;
    had += span.tokens.count;
    last = &span;
  }
  if (last == nullptr) {
    if (tokens.count == 0) return;
    const auto first = std::find_if(out_.phases.begin(), out_.phases.end(), is_output);
    const bool hidden = phase == Phase::reason;
    const SteadyTime at = hidden && first != out_.phases.end() ? first->begin : edge_;
    out_.phases.insert(hidden ? first : out_.phases.end(), PhaseSpan{phase, at, at, tokens});
    if (hidden) warn("the endpoint thought without showing it: that time is inside prefill");
    return;
  }
  std::int64_t left = tokens.count;
  for (auto& span : out_.phases) {
    if (span.phase != phase || &span == last) continue;
    span.tokens = {had > 0 ? tokens.count * span.tokens.count / had : 0};
    left -= span.tokens.count;
  }
  last->tokens = {left};
}

void Recorder::end_of_output() {
  splitter_.finish();
  settle(splitter_.phase());
}

Generation Recorder::finish(SteadyTime t, Finish finish, std::string token_source) {
  out_.phases.back().end = std::max(t, out_.phases.back().begin);
  out_.finish = finish;
  out_.token_source = std::move(token_source);
  out_.reasoning_marked = out_.reasoning_marked || splitter_.marked();
  const auto end = out_.reasoning.find_last_not_of(" \n\t\r");
  out_.reasoning.resize(end == std::string::npos ? 0 : end + 1);
  return std::move(out_);
}

}  // namespace joulebook
