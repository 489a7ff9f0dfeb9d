#pragma once
// CPU seconds spent since some origin as a function of steady time, linear between samples.
// Before the first sample nothing that is ours had been spent. Keeps the newest 2^20 samples.
// Not thread-safe.
#include <joulebook/units.h>

#include <optional>

#include "meter/ring.h"

namespace joulebook {

class CpuCurve {
 public:
  // Negative seconds (not read) are left out.
  void add(SteadyTime at, double seconds) {
    if (seconds >= 0) points_.push({at, seconds});
  }
  // Empty where no sample follows `end`, or the samples before `begin` were dropped.
  [[nodiscard]] std::optional<double> between(SteadyTime begin, SteadyTime end) const {
    const auto from = at(begin);
    const auto to = at(end);
    if (!from || !to) return std::nullopt;
    return std::max(0.0, *to - *from);
  }

 private:
  struct Point {
    SteadyTime at;
    double seconds = 0;
  };
  [[nodiscard]] std::optional<double> at(SteadyTime t) const {
    const std::size_t k = points_.first([&](const Point& p) { return p.at >= t; });
    if (k == points_.size()) return std::nullopt;
    if (points_[k].at == t || (k == 0 && !points_.dropped())) return points_[k].seconds;
    if (k == 0) return std::nullopt;
    const Point& a = points_[k - 1];
    const Point& b = points_[k];
    return a.seconds + (b.seconds - a.seconds) * (Seconds(t - a.at) / Seconds(b.at - a.at));
  }

  Ring<Point> points_{std::size_t{1} << 20};
};

}  // namespace joulebook
