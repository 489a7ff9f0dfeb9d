#include "load/driver.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/endpoint_errors.h"

namespace joulebook::load {
namespace {

constexpr Nanos kLook = std::chrono::milliseconds(50);  // how soon a cancel is seen
constexpr Nanos kAfterFailure = std::chrono::milliseconds(50);
constexpr std::int64_t kHopeless = 20;  // failures, with not one answer, beside those in flight

}  // namespace

Driver::Driver(const LoadPlan& plan, const Workload& work, Transport& transport,
               const DriverHooks& hooks)
    : plan_(plan), work_(work), transport_(transport), hooks_(hooks) {
  target_ = plan.replays() ? static_cast<std::int64_t>(plan.trace.size()) : plan.requests;
}

Result<Flow> Driver::run() {
  flow_.start = tick_ = transport_.now();
  pace_.emplace(plan_, flow_.start);
  for (;;) {
    const SteadyTime now = transport_.now();
    if (hooks_.cancel != nullptr && hooks_.cancel->load()) {
      give_up();
      return fail(ErrorKind::interrupted, "load.interrupted", "stopped before it was done", "");
    }
    roll(now);
    issue(now);
    if (over(now)) break;
    if (hopeless()) {
      give_up();
      return fail(ErrorKind::engine, "load.no_answer",
                  fmt::format("{} requests were sent and none was answered; the first: {}",
                              flow_.sent, flow_.first_error),
                  "see that one request alone is answered: joulebook ask -m ADDRESS \"hello\"");
    }
    transport_.wait(wake(now), *this);
  }
  give_up();
  if (answered_ == 0) {
    return fail(ErrorKind::engine, "load.no_answer",
                fmt::format("none of {} requests was answered; the first: {}", flow_.sent,
                            flow_.first_error),
                "see that one request alone is answered: joulebook ask -m ADDRESS \"hello\"");
  }
  return take();
}

// Until the last of what may still be sent.
bool Driver::issues() const {
  if (plan_.counts()) return measured_ < target_;
  return true;  // also while draining: the load is kept up
}

void Driver::issue(SteadyTime now) {
  next_due_ = kNever;
  while (issues()) {
    const SteadyTime due = pace_->due(in_flight_, now);
    if (due > now) {
      next_due_ = due;
      return;
    }
    send(due, now);
  }
}

void Driver::send(SteadyTime due, SteadyTime now) {
  if (phase_ == Phase::warming && warm(now)) begin_measuring(plan_.replays() ? flow_.start : due);
  tick(now);
  if (free_.empty()) {
    free_.push_back(flights_.size());
    flights_.push_back(std::make_unique<Flight>());
  }
  const std::size_t slot = free_.back();
  free_.pop_back();
  Flight& flight = *flights_[slot];
  const WorkItem item = work_.item(static_cast<std::uint64_t>(flow_.sent));
  flight.record = {};
  flight.record.index = static_cast<std::uint64_t>(flow_.sent++);
  flight.record.scheduled = due;
  flight.record.sent = now;
  flight.record.asked_input = item.input_tokens;
  flight.record.asked_output = item.output_tokens;
  if (hooks_.keep_text) flight.record.prompt = item.text;
  flight.reader.begin(hooks_.keep_text);
  flight.busy = true;
  flight.window = window_of(due);
  if (flight.window >= 0) {
    Window& window = windows_[static_cast<std::size_t>(flight.window)];
    ++window.due;
    ++window.outstanding;
    ++measured_;
  } else if (phase_ == Phase::warming) {
    ++flow_.warmup;
  }
  ++in_flight_;
  pace_->take();
  transport_.post(slot, hooks_.body(item));
  // An exact number of requests: the loaded part of the span ends with the last of them.
  if (plan_.counts() && measured_ == target_ && windows_.back().begin < now) close_window(now);
}

bool Driver::body(std::size_t slot, SteadyTime t, std::string_view bytes) {
  Flight& flight = *flights_[slot];
  const std::int64_t before = flight.reader.pieces();
  const bool on = flight.reader.feed(bytes);
  pieces_came(flight, t, flight.reader.pieces() - before);
  return on;
}

void Driver::pieces_came(Flight& flight, SteadyTime t, std::int64_t pieces) {
  if (pieces == 0) return;
  roll(t);
  tick(t);
  RequestRecord& record = flight.record;
  Latencies* kept =
      flight.window < 0 ? nullptr : &windows_[static_cast<std::size_t>(flight.window)].latencies;
  if (!record.first) {
    record.first = t;
    ++answering_;
  } else {
    const Nanos gap = t - *record.last;
    record.longest_gap = std::max(record.longest_gap, gap);
    if (kept != nullptr) kept->itl.add(gap.count());
  }
  // Pieces that came together have no gap between them.
  for (std::int64_t i = 1; i < pieces && kept != nullptr; ++i) kept->itl.add(0);
  record.last = t;
  record.pieces += pieces;
  if (phase_ == Phase::warming) return;
  flow_.beats.add(t, pieces);
  windows_.back().pieces += pieces;
}

std::optional<Error> Driver::error_of(const Flight& flight, const HttpStreamEnd& end) const {
  HttpCall call;
  call.status = end.status;
  call.failure = end.failure;
  call.error_body = end.error_body;
  call.untrusted = end.untrusted;
  if (auto error = endpoint_error(call, hooks_.address)) return error;
  const auto engine = [&](const char* code, std::string_view what) {
    return Error{ErrorKind::engine, code, fmt::format("{} {}", hooks_.address, what),
                 "look into the server's log"};
  };
  if (flight.reader.failed()) return engine("endpoint.failed", "sent an error inside its answer");
  if (flight.reader.overlong()) return engine("endpoint.failed", "sent more than any answer is");
  if (!end.failure.empty()) {
    return engine("endpoint.cut", fmt::format("cut an answer off ({})", end.failure));
  }
  if (flight.reader.complete()) return std::nullopt;
  return flight.reader.pieces() > 0
             ? engine("endpoint.cut", "ended an answer without saying so")
             : engine("endpoint.failed", "answered, but not with a completion");
}

void Driver::conclude(Flight& flight, SteadyTime t, const HttpStreamEnd& end) {
  RequestRecord& record = flight.record;
  flight.reader.finish();
  const std::int64_t late = flight.reader.pieces() - record.pieces;
  if (late > 0 && record.first) pieces_came(flight, t, late);
  if (late > 0 && !record.first) {  // a whole reply: nobody saw its first token
    record.pieces = late;
    if (phase_ != Phase::warming) {
      flow_.beats.add(t, late);
      windows_.back().pieces += late;
    }
  }
  record.end = t;
  record.counts = flight.reader.counts();
  record.finish = flight.reader.finish_reason();
  record.energy_id = end.header;
  if (hooks_.keep_text) record.answer = flight.reader.take_text();
  if (const auto error = error_of(flight, end)) {
    record.error = error->code;
    ++failed_;
    if (flow_.first_error.empty()) flow_.first_error = error->message;
    pace_->pause_until(t + kAfterFailure);
    return;
  }
  ++answered_;
  tokens_ += record.output_tokens();
  pieces_ += record.pieces;
}

void Driver::ended(std::size_t slot, SteadyTime t, const HttpStreamEnd& end) {
  Flight& flight = *flights_[slot];
  roll(t);
  tick(t);
  conclude(flight, t, end);
  if (flight.record.first) --answering_;
  --in_flight_;
  flight.busy = false;
  free_.push_back(slot);
  if (phase_ != Phase::warming) windows_.back().add_ended(flight.record, plan_.slo);
  if (flight.window >= 0) {
    windows_[static_cast<std::size_t>(flight.window)].add_due(flight.record, plan_.slo);
  }
  if (hooks_.record) hooks_.record(flight.record, flight.window);
}

bool Driver::over(SteadyTime now) const {
  if (plan_.counts()) return measured_ >= target_ && in_flight_ == 0;
  if (phase_ != Phase::draining) return false;
  if (now > span_end_ + nanos(plan_.drain_s)) return true;
  if (plan_.open() && pace_->scheduled() < span_end_) return false;
  const auto from = windows_.begin() + static_cast<std::ptrdiff_t>(flow_.first_window);
  const auto to = windows_.begin() + static_cast<std::ptrdiff_t>(flow_.last_window);
  return std::all_of(from, to, [](const Window& w) { return w.outstanding == 0; });
}

bool Driver::hopeless() const {
  return answered_ == 0 && failed_ >= kHopeless + in_flight_ &&
         (!plan_.counts() || failed_ < target_);
}

SteadyTime Driver::wake(SteadyTime now) const {
  SteadyTime out = std::min(now + kLook, next_due_);
  if (phase_ == Phase::measuring && !plan_.counts()) out = std::min(out, windows_.back().end);
  return out;
}

// What is still in flight is given up: measured ones count as failures.
void Driver::give_up() {
  const SteadyTime now = transport_.now();
  for (std::size_t slot = 0; slot < flights_.size(); ++slot) {
    Flight& flight = *flights_[slot];
    if (!flight.busy) continue;
    transport_.cancel(slot);
    flight.busy = false;
    flight.record.end = now;
    flight.record.error = flight.window >= 0 ? "load.unfinished" : "load.given_up";
    if (flight.window >= 0) {
      ++flow_.unfinished;
      windows_[static_cast<std::size_t>(flight.window)].add_due(flight.record, plan_.slo);
    }
    if (hooks_.record) hooks_.record(flight.record, flight.window);
  }
}

}  // namespace joulebook::load
