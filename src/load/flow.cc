#include "load/flow.h"

#include <algorithm>

namespace joulebook::load {

void Latencies::add(const RequestRecord& record) {
  lag.add(record.lag().count());
  if (!record.ok()) return;
  e2e.add(record.e2e().count());
  if (const auto t = record.ttft()) ttft.add(t->count());
  if (const auto t = record.tpot()) tpot.add(t->count());
}

void Latencies::merge(const Latencies& other) {
  ttft.merge(other.ttft);
  tpot.merge(other.tpot);
  itl.merge(other.itl);
  e2e.merge(other.e2e);
  lag.merge(other.lag);
}

void Window::add_ended(const RequestRecord& record, const Slo& slo) {
  if (!record.ok()) return;
  ++answered;
  good += record.good(slo) ? 1 : 0;
  input_tokens += record.counts.prompt.value_or(0);
  latency_s += Seconds(record.e2e()).count();
}

void Window::add_due(const RequestRecord& record, const Slo& slo) {
  --outstanding;
  latencies.add(record);
  residence_s += Seconds(record.end - record.sent).count();
  if (!record.ok()) {
    ++errors[record.error];
    return;
  }
  ++ended_well;
  kept_slo += record.good(slo) ? 1 : 0;
  prompt_tokens += record.counts.prompt.value_or(0);
  cached_tokens += record.counts.cached.value_or(0);
  output_tokens += record.output_tokens();
  reasoning_tokens += record.counts.reasoning.value_or(0);
  uncounted += record.counts.output ? 0 : 1;
  if (record.asked_input > 0 && record.counts.prompt) {
    asked_input += record.asked_input;
    counted_input += *record.counts.prompt;
  }
}

void Window::merge(const Window& next) {
  end = next.end;
  answered += next.answered;
  good += next.good;
  pieces += next.pieces;
  input_tokens += next.input_tokens;
  latency_s += next.latency_s;
  in_flight_s += next.in_flight_s;
  answering_s += next.answering_s;
  due += next.due;
  outstanding += next.outstanding;
  ended_well += next.ended_well;
  kept_slo += next.kept_slo;
  residence_s += next.residence_s;
  prompt_tokens += next.prompt_tokens;
  cached_tokens += next.cached_tokens;
  output_tokens += next.output_tokens;
  reasoning_tokens += next.reasoning_tokens;
  asked_input += next.asked_input;
  counted_input += next.counted_input;
  uncounted += next.uncounted;
  for (const auto& [code, n] : next.errors) errors[code] += n;
  latencies.merge(next.latencies);
}

void Beats::begin(SteadyTime t, Nanos length) {
  begin_ = t;
  length_ = std::max(length, Nanos(1'000'000));
  pieces_.clear();
}

void Beats::add(SteadyTime t, std::int64_t pieces) {
  if (length_.count() == 0 || t < begin_) return;
  auto index = static_cast<std::size_t>((t - begin_) / length_);
  while (index >= kMost) {
    for (std::size_t i = 0; i < kMost / 2; ++i) {
      const auto at = [&](std::size_t j) { return j < pieces_.size() ? pieces_[j] : 0; };
      if (i < pieces_.size()) pieces_[i] = at(2 * i) + at(2 * i + 1);
    }
    pieces_.resize(std::min(pieces_.size(), kMost / 2));
    length_ *= 2;
    index /= 2;
  }
  if (index >= pieces_.size()) pieces_.resize(index + 1);
  pieces_[index] += pieces;
}

std::vector<Beats::Beat> Beats::within(SteadyTime begin, SteadyTime end) const {
  std::vector<Beat> out;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const SteadyTime from = begin_ + length_ * static_cast<std::int64_t>(i);
    if (from >= begin && from + length_ <= end) out.push_back({from, from + length_, pieces_[i]});
  }
  return out;
}

}  // namespace joulebook::load
