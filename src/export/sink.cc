#include "export/sink.h"

#include <algorithm>
#include <utility>

#include "core/clock.h"
#include "core/http.h"

namespace joulebook {
namespace {

constexpr double kLongestRetryAfter_s = 600;
constexpr long kTry_s = 30;

bool worth_another_try(int status) {
  return status == 0 || status == 408 || status == 429 || status >= 500;
}

}  // namespace

SinkQueue::SinkQueue(SinkLimits limits, SinkFrame frame, std::uint64_t seed)
    : limits_(limits),
      frame_(std::move(frame)),
      random_(seed),
      batch_rows_(std::max<std::size_t>(1, limits.batch_rows)) {}

void SinkQueue::push(std::string row, SteadyTime now) {
  ++counts_.taken;
  ++counts_.queued;
  counts_.queued_bytes += row.size();
  rows_.push_back({std::move(row), now});
  make_room();
}

void SinkQueue::make_room() {
  while (rows_.size() > limits_.most_rows || counts_.queued_bytes > limits_.most_bytes) {
    if (rows_.size() <= flying_) return;
    const auto oldest = rows_.begin() + static_cast<std::ptrdiff_t>(flying_);
    counts_.queued_bytes -= oldest->text.size();
    rows_.erase(oldest);
    --counts_.queued;
    ++counts_.dropped;
  }
}

std::size_t SinkQueue::next_batch() const {
  std::size_t rows = 0;
  std::size_t bytes = 0;
  while (rows < rows_.size() && rows < batch_rows_) {
    bytes += rows_[rows].text.size();
    if (rows > 0 && bytes > limits_.batch_bytes) break;
    ++rows;
  }
  return rows;
}

std::optional<SteadyTime> SinkQueue::due(bool hurry) const {
  if (rows_.empty() || flying_ > 0) return std::nullopt;
  if (hurry) return not_before_;
  const bool full = next_batch() < rows_.size() || rows_.size() >= batch_rows_;
  const SteadyTime ready = full ? rows_.front().since : rows_.front().since + limits_.linger;
  return std::max(ready, not_before_);
}

std::optional<std::string> SinkQueue::take(SteadyTime now, bool hurry) {
  const auto at = due(hurry);
  if (!at || now < *at) return std::nullopt;
  flying_ = next_batch();
  std::string body = frame_.before;
  for (std::size_t i = 0; i < flying_; ++i) {
    if (i > 0) body += frame_.between;
    body += rows_[i].text;
  }
  return body + frame_.after;
}

void SinkQueue::take_off(std::size_t rows, std::uint64_t& counter) {
  for (; rows > 0; --rows) {
    counts_.queued_bytes -= rows_.front().text.size();
    rows_.pop_front();
    --counts_.queued;
    ++counter;
  }
}

Nanos SinkQueue::wait(const SinkAnswer& answer) {
  const double longest = Seconds(limits_.longest_wait).count();
  double seconds = Seconds(limits_.first_wait).count();
  for (int i = 1; i < failed_in_a_row_ && seconds < longest; ++i) seconds *= 2;
  // Between half and the whole of it, so that many who lost one server do not come back as one.
  const double u = static_cast<double>(random_() >> 11) * 0x1p-53;
  seconds = std::min(seconds, longest) * (0.5 + 0.5 * u);
  seconds = std::max(seconds, std::clamp(answer.retry_after_s.value_or(0), 0.0, kLongestRetryAfter_s));
  return std::chrono::duration_cast<Nanos>(Seconds(seconds));
}

void SinkQueue::answered(const SinkAnswer& answer, SteadyTime now) {
  const std::size_t flown = std::exchange(flying_, 0);
  if (answer.status >= 200 && answer.status < 300) {
    take_off(flown, counts_.sent);
    failed_in_a_row_ = 0;
    not_before_ = {};
    counts_.last_failure.clear();
    return;
  }
  ++counts_.failures;
  counts_.last_failure =
      answer.status == 0 ? answer.failure : "the server answered " + std::to_string(answer.status);
  if (answer.status == 413 && flown > 1) {
    batch_rows_ = std::max<std::size_t>(1, flown / 2);
  } else if (worth_another_try(answer.status)) {
    ++failed_in_a_row_;
    not_before_ = now + wait(answer);
  } else {
    take_off(flown, counts_.refused);
  }
  make_room();
}

void SinkQueue::give_up() {
  flying_ = 0;
  take_off(rows_.size(), counts_.dropped);
}

Sink::Sink(Transport::Target target, SinkFrame frame, SinkLimits limits, std::uint64_t seed,
           Transport& transport)
    : target_(std::move(target)),
      transport_(transport),
      queue_(limits, std::move(frame), seed),
      thread_([this] { work(); }) {}

Sink::~Sink() { stop(Nanos(0)); }

void Sink::push(std::string row) {
  const std::lock_guard lock(mutex_);
  queue_.push(std::move(row), system_clock().now());
  if (ended_) queue_.give_up();
  changed_.notify_all();
}

SinkCounts Sink::counts() const {
  const std::lock_guard lock(mutex_);
  return queue_.counts();
}

void Sink::wait(std::unique_lock<std::mutex>& lock) {
  const auto at = queue_.due(stopping_);
  if (!at) {
    changed_.wait(lock);
    return;
  }
  const Nanos left = *at - system_clock().now();
  if (left > Nanos(0)) changed_.wait_for(lock, std::min<Nanos>(left, std::chrono::seconds(60)));
}

void Sink::work() {
  std::unique_lock lock(mutex_);
  while (!cancel_ && !(stopping_ && queue_.counts().queued == 0)) {
    auto body = queue_.take(system_clock().now(), stopping_);
    if (!body) {
      wait(lock);
      continue;
    }
    lock.unlock();
    const SinkAnswer answer = transport_.post(target_, *body, cancel_);
    lock.lock();
    queue_.answered(answer, system_clock().now());
  }
  ended_ = true;
  queue_.give_up();
  changed_.notify_all();
}

void Sink::stop(Nanos within) {
  if (!thread_.joinable()) return;
  std::unique_lock lock(mutex_);
  stopping_ = true;
  queue_.try_now();
  changed_.notify_all();
  changed_.wait_for(lock, within, [this] { return ended_; });
  cancel_ = true;
  changed_.notify_all();
  lock.unlock();
  thread_.join();
}

namespace {

class HttpTransport final : public Transport {
 public:
  SinkAnswer post(const Target& target, const std::string& body,
                  const std::atomic<bool>& cancel) override {
    HttpCall call;
    call.url = target.url;
    call.body = body;
    call.bearer = target.bearer;
    call.headers = target.headers;
    call.ca_file = target.ca_file;
    call.total_s = kTry_s;
    call.cancel = &cancel;
    perform({&call, 1});
    if (call.cancelled) return {0, "stopped before the server answered", {}};
    if (!call.failure.empty()) return {0, call.failure, {}};
    return {static_cast<int>(call.status), {}, call.retry_after_s};
  }
};

}  // namespace

std::unique_ptr<Transport> http_transport() { return std::make_unique<HttpTransport>(); }

}  // namespace joulebook
