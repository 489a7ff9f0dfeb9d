#pragma once
// When a sensor is read. One that answers at once is read each round. One whose readings would take more
// than a stated share of a core (NVML's energy counter: 3 ms of CPU time on an H100) is read
//   by that share               where no window is known to be open: each kRarest at least, once a tick at most
//   once a tick                 for kOpen after a mark: windows that end by then have a fresh reading before their
//                               end, whenever it comes
//   once a tick                 from two ticks before an edge that was announced, and
//   at once, then once a tick   after an edge, until its value has changed: readings are what bounds are made of.
// Once a tick: just after the instant at which its value is expected to change. Where that isn't known it is read
// every kStep of a tick until a change was caught between two readings. The instant is kept by moving it forward
// a little with each change that was there in time, and behind the one that was not.
//
// What a reading costs is the CPU time of the thread that reads, not what the clock shows: on a busy machine a call
// may take milliseconds that another program used. Asking for CPU time costs more than most readings do: the first
// calls are timed by it, and those after one that was long by the clock, until they are known to be cheap.
// Not thread-safe.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "sensor/read_cost.h"
#include "sensor/sensor.h"

namespace joulebook {

class ReadPace {
 public:
  static constexpr Nanos kRarest = std::chrono::seconds(1);
  static constexpr Nanos kOpen = std::chrono::seconds(2);
  static constexpr Nanos kHeld = std::chrono::seconds(5);  // an instant of change holds without another caught
  static constexpr Nanos kLongestTick = std::chrono::milliseconds(500);  // waited for after an edge, at most 2
  static constexpr std::size_t kKept = 5;  // newest calls, of which the median is what a reading costs
  static constexpr int kStep = 5;
  static constexpr int kForward = 50;  // of a tick
  static constexpr int kLateTries = 5;  // in a row, each a round later; then the instant is looked for anew

  // `share`: of one core, for this sensor; 1 and above: all that there is. `period`: of the rounds.
  ReadPace(const SensorInfo& info, double share, Nanos period)
      : share_(share), period_(period), tick_(std::clamp(info.tick, period, std::max(period, kLongestTick))) {}

  [[nodiscard]] bool due(SteadyTime now) const {
    if (!dear()) return true;
    const Nanos step = std::max(period_, tick_ / kStep);  // marks may come in each round
    if (edge_ && last_ < *edge_ && now >= *edge_) return now - last_ >= step;
    if (!attentive(now)) return now - last_ >= interval();
    if (locked(now)) return now >= changes_ + tick_;
    const bool still = last_ - changed_ > 3 * tick_;
    return now - last_ >= (still ? tick_ : step);
  }
  // An edge of a window lies at `t`, now or soon. One that has come may open a window.
  void edge(SteadyTime t, SteadyTime now) {
    if (t <= now) open_until_ = std::max(open_until_, t + kOpen);
    if (!edge_ || (t > *edge_ && t - *edge_ <= 2 * tick_)) {
      edge_ = t;
      first_after_.reset();
    } else if (t < *edge_) {
      next_ = std::exchange(edge_, t);
      first_after_.reset();
    } else if (t > *edge_) {
      next_ = t;
    }
  }
  // Whether the next call is to be timed by CPU time.
  [[nodiscard]] bool timed() const { return timed_; }
  // `took`: by the call, in CPU time where timed(), else by the clock.
  void read(const RawReading& reading, Nanos took) {
    if (timed_) {
      took_[calls_++ % took_.size()] = took;
      timed_ = calls_ < took_.size() || dear();
    } else {
      timed_ = share_ < 1 && long_call(took);
    }
    ++readings_;
    if (readings_ > 1) follow(reading);
    last_ = reading.begin;
    counts_ = reading.counts;
    if (!edge_ || reading.begin < *edge_) return;
    const bool moved = first_after_ && reading.counts != *first_after_;
    if (!first_after_) first_after_ = reading.counts;
    if (!moved && reading.begin - *edge_ <= 2 * tick_) return;  // later than that it stands still
    edge_ = std::exchange(next_, std::nullopt);
    first_after_.reset();
  }
  // A poller took the reading: fetching it is no measure of what it costs.
  void read_elsewhere() { elsewhere_ = true; }
  // A call that failed costs, too.
  void missed(SteadyTime at) { last_ = at; }

  [[nodiscard]] bool dear() const {
    return share_ < 1 && long_call(shortest());
  }
  // Between two readings where no edge is near.
  [[nodiscard]] Nanos interval() const {
    if (!dear()) return period_;
    const Nanos allowed(static_cast<std::int64_t>(static_cast<double>(median().count()) / share_));
    return std::max(std::min(allowed, kRarest), tick_);
  }

  [[nodiscard]] ReadCost cost() const { return {median(), interval(), elsewhere_}; }

 private:
  [[nodiscard]] bool long_call(Nanos took) const {
    return static_cast<double>(took.count()) > share_ * static_cast<double>(period_.count());
  }
  // Of the newest calls; 0 before the third.
  [[nodiscard]] Nanos shortest() const {
    if (calls_ < 3) return Nanos{0};
    return *std::min_element(took_.begin(), took_.begin() + kept());
  }
  // Their median; one that was held up in the kernel is no dear one.
  [[nodiscard]] Nanos median() const {
    auto newest = took_;
    const auto middle = newest.begin() + kept() / 2;
    std::nth_element(newest.begin(), middle, newest.begin() + kept());
    return *middle;
  }
  [[nodiscard]] std::ptrdiff_t kept() const {
    return static_cast<std::ptrdiff_t>(std::min(calls_, took_.size()));
  }
  [[nodiscard]] bool attentive(SteadyTime now) const {
    return now < open_until_ || (edge_ && now >= *edge_ - 2 * tick_);
  }
  [[nodiscard]] bool locked(SteadyTime now) const { return now - caught_ < kHeld; }

  // Where the value changes, by one reading more.
  void follow(const RawReading& reading) {
    const SteadyTime now = reading.begin;
    const bool in_time = locked(now) && now >= changes_ + tick_;
    if (reading.counts == counts_) {
      if (!in_time) return;
      if (++late_ > kLateTries) caught_ = SteadyTime{0} - kHeld;
      changes_ = now + period_ / 2 - tick_;  // the next round
      return;
    }
    late_ = 0;
    changed_ = now;
    const Nanos gap = now - last_;
    if (in_time && changes_ + tick_ > last_) {
      const auto ticks = (now - changes_) / tick_;
      changes_ = changes_ + ticks * tick_ - (ticks == 1 && gap <= 3 * tick_ / 2 ? tick_ / kForward : Nanos{0});
    } else if (gap <= tick_ / 2) {
      changes_ = now;
    } else if (in_time) {
      changes_ = changes_ + (now - changes_) / tick_ * tick_;
    }
    if (gap <= tick_ / 2) caught_ = now;
  }

  double share_;
  Nanos period_;
  Nanos tick_;
  std::array<Nanos, kKept> took_{};
  std::size_t calls_ = 0;  // in it
  bool timed_ = true;
  bool elsewhere_ = false;
  std::size_t readings_ = 0;
  SteadyTime last_{0};
  std::uint64_t counts_ = 0;
  SteadyTime changed_{0};  // the newest reading with a new value
  SteadyTime changes_{0};  // just after a change, or whole ticks from one
  SteadyTime caught_ = SteadyTime{0} - kHeld;  // the newest change caught between near readings
  int late_ = 0;
  SteadyTime open_until_{0};
  std::optional<SteadyTime> edge_;
  std::optional<SteadyTime> next_;           // one that is announced while another is read around
  std::optional<std::uint64_t> first_after_;  // its value at the first reading after the edge
};

}  // namespace joulebook
