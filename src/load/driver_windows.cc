// The driver's windows: when they begin and end, and which of them count.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "load/driver.h"

namespace joulebook::load {
namespace {

constexpr int kParts = 6;  // of a span whose length is given
constexpr int kBeatsAWindow = 4;
constexpr double kFirstBeat = 0.25;  // s, where the span's length is not known

}  // namespace

bool Driver::warm(SteadyTime now) const {
  if (plan_.replays()) return true;
  const double elapsed = Seconds(now - flow_.start).count();
  return flow_.sent >= plan_.warmup_requests && elapsed >= plan_.warmup_s &&
         elapsed >= plan_.ramp_s;
}

void Driver::begin_measuring(SteadyTime t) {
  phase_ = Phase::measuring;
  tick_ = std::max(tick_, t);
  Window window;
  window.begin = t;
  window.end = kNever;
  double beat = kFirstBeat;
  if (!plan_.counts()) {
    const double length = plan_.until_steady() ? plan_.window_s : plan_.duration_s / kParts;
    window.end = t + nanos(length);
    beat = length / kBeatsAWindow;
  }
  windows_.push_back(std::move(window));
  flow_.beats.begin(t, nanos(beat));
}

void Driver::tick(SteadyTime t) {
  if (t <= tick_) return;
  const double seconds = Seconds(t - tick_).count();
  tick_ = t;
  if (phase_ == Phase::warming) return;
  windows_.back().in_flight_s += seconds * in_flight_;
  windows_.back().answering_s += seconds * answering_;
}

// The window that a request due at `due` belongs to; -1: it is not measured.
int Driver::window_of(SteadyTime due) const {
  if (phase_ == Phase::warming) return -1;
  if (phase_ == Phase::draining && due >= span_end_) return -1;
  for (auto i = static_cast<int>(windows_.size()) - 1; i >= 0; --i) {
    if (due >= windows_[static_cast<std::size_t>(i)].begin) return i;
  }
  return -1;
}

void Driver::close_window(SteadyTime t) {
  tick(t);
  Window& closing = windows_.back();
  const SteadyTime planned = closing.end;
  closing.end = t;
  if (plan_.counts()) flow_.last_window = windows_.size();
  Window next;
  next.begin = t;
  next.end = planned == kNever ? kNever : t + (planned - closing.begin);
  windows_.push_back(std::move(next));
}

void Driver::roll(SteadyTime t) {
  while (phase_ == Phase::measuring && roll_once(t)) continue;
}

// Whether a window was over and is closed.
bool Driver::roll_once(SteadyTime t) {
  const Window& window = windows_.back();
  if (plan_.counts()) {
    const std::int64_t quota =
        std::max<std::int64_t>(plan_.least_per_window, (target_ + kParts - 1) / kParts);
    if (measured_ >= target_ || window.answered < quota) return false;
    close_window(t);
    return true;
  }
  if (t < window.end) return false;
  if (!plan_.until_steady()) {
    const bool last = windows_.size() == kParts;
    close_window(window.end);
    if (last) end_span(windows_.back().begin, 0);
    return true;
  }
  const double all = plan_.window_s * plan_.max_windows;
  const bool late = Seconds(t - windows_.front().begin).count() >= all - 1e-9;
  if (window.answered < plan_.least_per_window && !late) return false;
  close_window(std::max(window.end, tick_));
  judge_if_due(windows_.back().begin);
  return true;
}

std::vector<WindowPoint> Driver::points(std::size_t first, std::size_t last) const {
  std::vector<WindowPoint> out;
  for (std::size_t i = first; i < last; ++i) {
    const Window& w = windows_[i];
    out.push_back({w.seconds(), w.answered, w.due, w.pieces, w.latency_s});
  }
  return out;
}

// Until steady: the newest three decide.
void Driver::judge_if_due(SteadyTime t) {
  const std::size_t closed = windows_.size() - 1;
  const SteadyRule rule{plan_.tolerance, plan_.least_per_window, plan_.open()};
  const std::size_t first = closed < 3 ? 0 : closed - 3;
  const auto verdict = judge_windows(points(first, closed), rule);
  const double all = plan_.window_s * plan_.max_windows;
  const bool late = Seconds(t - windows_.front().begin).count() >= all - 1e-9;
  if (verdict.steadiness == Steadiness::steady || late) end_span(t, first);
}

void Driver::end_span(SteadyTime t, std::size_t first_window) {
  flow_.first_window = first_window;
  flow_.last_window = windows_.size() - 1;
  span_end_ = t;
  phase_ = Phase::draining;
}

Flow Driver::take() {
  if (plan_.counts()) tick(transport_.now());
  windows_.back().end = std::max(windows_.back().begin, tick_);
  const SteadyRule rule{plan_.tolerance, plan_.least_per_window, plan_.open()};
  const bool loaded = plan_.counts() && !plan_.replays();
  const std::size_t last = plan_.replays() ? windows_.size() : flow_.last_window;
  flow_.verdict = judge_windows(points(flow_.first_window, last), rule);
  if (plan_.replays()) {
    flow_.verdict.steadiness = Steadiness::unjudged;
    flow_.verdict.why = "a trace is replayed as it is";
  }
  // With too few to say, an exact number of requests counts from first to last, tail and all.
  if (plan_.replays() || (loaded && flow_.verdict.steadiness == Steadiness::unjudged)) {
    flow_.last_window = windows_.size();
  }
  flow_.windows = points(0, windows_.size());
  flow_.span = windows_[flow_.first_window];
  for (std::size_t i = flow_.first_window + 1; i < flow_.last_window; ++i) {
    flow_.span.merge(windows_[i]);
  }
  // Latencies and counts are of every request due in the span; of an exact number, of all of them.
  for (std::size_t i = flow_.last_window; plan_.counts() && i < windows_.size(); ++i) {
    Window rest = std::move(windows_[i]);
    const SteadyTime end = flow_.span.end;
    rest.answered = rest.good = rest.pieces = rest.input_tokens = 0;
    rest.latency_s = rest.in_flight_s = rest.answering_s = 0;
    flow_.span.merge(rest);
    flow_.span.end = end;
  }
  const auto tokens = static_cast<double>(tokens_);
  if (pieces_ > 0) flow_.tokens_per_piece = tokens / static_cast<double>(pieces_);
  if (answered_ > 0) flow_.tokens_per_answer = tokens / static_cast<double>(answered_);
  return std::move(flow_);
}

}  // namespace joulebook::load
