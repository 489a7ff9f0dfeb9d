#pragma once
// When a sensor is read. One that answers at once is read each round. One whose readings would take more
// than a stated share of a core (NVML's energy counter: 3 ms of CPU time on an H100) is read no oftener than
// that share allows, but each kRarest and once a tick at most; and around the edges of windows, where
// readings are what bounds are made of, every kStep of a tick until its value has changed after the edge.
//
// Times are of the reading call itself: they are spent as CPU time in the driver. Not thread-safe.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "sensor/sensor.h"

namespace joulebook {

class ReadPace {
 public:
  static constexpr Nanos kRarest = std::chrono::seconds(1);
  static constexpr Nanos kLongestTick = std::chrono::milliseconds(500);  // waited for after an edge, at most 2
  static constexpr int kStep = 5;

  // `share`: of one core, for this sensor; 1 and above: all that there is. `period`: of the rounds.
  ReadPace(const SensorInfo& info, double share, Nanos period)
      : share_(share), period_(period), tick_(std::clamp(info.tick, period, std::max(period, kLongestTick))) {}

  [[nodiscard]] bool due(SteadyTime now) const {
    if (!dear()) return true;
    return now - last_ >= (edge_ && now >= *edge_ ? std::max(period_, tick_ / kStep) : interval());
  }
  // An edge of a window lies at `t`, now or soon.
  void edge(SteadyTime t) {
    if (!edge_ || (t > *edge_ && t - *edge_ <= 2 * tick_)) {
      edge_ = t;
      first_after_.reset();
    } else if (t > *edge_) {
      next_ = t;
    }
  }
  void read(const RawReading& reading) {
    took_[readings_++ % took_.size()] = reading.end - reading.begin;
    last_ = reading.begin;
    if (!edge_ || reading.begin < *edge_) return;
    const bool moved = first_after_ && reading.counts != *first_after_;
    if (!first_after_) first_after_ = reading.counts;
    if (!moved && reading.begin - *edge_ <= 2 * tick_) return;  // later than that it stands still
    edge_ = std::exchange(next_, std::nullopt);
    first_after_.reset();
  }
  // A call that failed costs, too.
  void missed(SteadyTime at) { last_ = at; }

  // The median of the newest calls: one that was held up is no dear one. 0 before the third.
  [[nodiscard]] Nanos cost() const {
    if (readings_ < 3) return Nanos{0};
    auto newest = took_;
    const auto middle = newest.begin() + static_cast<std::ptrdiff_t>(std::min(readings_, newest.size()) / 2);
    std::nth_element(newest.begin(), middle, newest.begin() + static_cast<std::ptrdiff_t>(std::min(readings_, newest.size())));
    return *middle;
  }
  [[nodiscard]] bool dear() const {
    return share_ < 1 && static_cast<double>(cost().count()) > share_ * static_cast<double>(period_.count());
  }
  // Between two readings where no edge is near.
  [[nodiscard]] Nanos interval() const {
    if (!dear()) return period_;
    const Nanos allowed(static_cast<std::int64_t>(static_cast<double>(cost().count()) / share_));
    return std::max(std::min(allowed, kRarest), tick_);
  }

 private:
  double share_;
  Nanos period_;
  Nanos tick_;
  std::array<Nanos, 5> took_{};
  std::size_t readings_ = 0;
  SteadyTime last_{0};
  std::optional<SteadyTime> edge_;
  std::optional<SteadyTime> next_;           // one that is announced while another is read around
  std::optional<std::uint64_t> first_after_;  // its value at the first reading after the edge
};

}  // namespace joulebook
