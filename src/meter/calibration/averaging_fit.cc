#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "meter/calibration/fits.h"

namespace joulebook {
namespace {

constexpr std::size_t kFewUpdates = 12;
constexpr double kResponse = 0.5;  // of the variance, to be called a response
constexpr double kFisher = 3.84;   // 95 % point of F(1, n) for many n
constexpr double kLongest = 4;     // s; the longest window that is looked for

// The load's integral from the first edge, in s.
class LoadIntegral {
 public:
  LoadIntegral(std::span<const LoadEdge> edges, SteadyTime origin) {
    double sum = 0;
    for (std::size_t i = 0; i < edges.size(); ++i) {
      const double at = Seconds(edges[i].at - origin).count();
      if (i > 0) sum += edges[i - 1].load * (at - at_.back());
      at_.push_back(at);
      sum_.push_back(sum);
      load_.push_back(edges[i].load);
    }
  }
  [[nodiscard]] double operator()(double t) const {
    const auto it = std::upper_bound(at_.begin(), at_.end(), t);
    if (it == at_.begin()) return 0;  // at rest before the first edge
    const auto k = static_cast<std::size_t>(it - at_.begin()) - 1;
    return sum_[k] + load_[k] * (t - at_[k]);
  }

 private:
  std::vector<double> at_;
  std::vector<double> sum_;
  std::vector<double> load_;
};

struct Update {
  double at = 0;  // s from the first edge
  double value = 0;
};

std::vector<Update> updates(std::span<const RawReading> readings, SteadyTime origin) {
  std::vector<Update> out;
  for (std::size_t i = 1; i < readings.size(); ++i) {
    if (readings[i].counts == readings[i - 1].counts) continue;
    const Seconds from = readings[i - 1].end - origin;
    const Seconds to = readings[i].end - origin;
    out.push_back({(from.count() + to.count()) / 2, static_cast<double>(readings[i].counts)});
  }
  return out;
}

struct Candidate {
  double window = 0;
  double lag = 0;
  double residual = 0;  // sum of squares
};

class Problem {
 public:
  Problem(std::vector<Update> updates, LoadIntegral load)
      : updates_(std::move(updates)), load_(std::move(load)) {
    double mean = 0;
    for (const auto& u : updates_) mean += u.value / n();
    for (const auto& u : updates_) total_ += (u.value - mean) * (u.value - mean);
  }
  [[nodiscard]] double n() const { return static_cast<double>(updates_.size()); }
  [[nodiscard]] double total() const { return total_; }

  // Residual of the line of value against mean load in the window.
  [[nodiscard]] Candidate fit(double window, double lag) const {
    double x = 0, y = 0, xx = 0, xy = 0;
    for (const auto& u : updates_) {
      const double to = u.at - lag;
      const double mean = (load_(to) - load_(to - window)) / window;
      x += mean;
      y += u.value;
      xx += mean * mean;
      xy += mean * u.value;
    }
    const double sxx = xx - x * x / n();
    const double sxy = xy - x * y / n();
    // A reading that falls as the load rises is no response.
    const double explained = sxx > 1e-12 && sxy > 0 ? sxy * sxy / sxx : 0;
    return {window, lag, std::max(0.0, total_ - explained)};
  }

  // The best lag for a window, by a grid over [0, most] refined thrice.
  [[nodiscard]] Candidate best_lag(double window, double most) const {
    double lo = 0;
    double hi = most;
    Candidate best{window, 0, total_ * 2};
    for (int round = 0; round < 4; ++round) {
      constexpr int kSteps = 10;
      const double step = (hi - lo) / kSteps;
      for (int i = 0; i <= kSteps; ++i) {
        const Candidate c = fit(window, lo + step * i);
        if (c.residual < best.residual) best = c;
      }
      lo = std::max(0.0, best.lag - step);
      hi = best.lag + step;
    }
    return best;
  }

 private:
  std::vector<Update> updates_;
  LoadIntegral load_;
  double total_ = 0;
};

// Windows from `lo` to `hi` in equal ratios, each with its best lag.
std::vector<Candidate> profile(const Problem& problem, double lo, double hi, double most_lag) {
  constexpr int kSteps = 24;
  std::vector<Candidate> out;
  for (int i = 0; i <= kSteps; ++i) {
    out.push_back(problem.best_lag(lo * std::pow(hi / lo, i / double{kSteps}), most_lag));
  }
  return out;
}

AveragingFit absent(const char* code, const std::string& message, const char* cure) {
  const Reason reason{code, message, cure};
  return {Quantity::absent("s", reason), Quantity::absent("s", reason),
          Quantity::absent("1", reason)};
}

}  // namespace

AveragingFit fit_averaging(std::span<const RawReading> readings, std::span<const LoadEdge> edges,
                           Nanos tick) {
  if (edges.empty()) {
    return absent("calibration.no_response", "no load was put on this device", "");
  }
  auto seen = updates(readings, edges.front().at);
  if (seen.size() < kFewUpdates) {
    return absent("calibration.few_updates",
                  fmt::format("the reading changed {} times under the square wave", seen.size()),
                  "calibrate without --quick");
  }
  const Problem problem(std::move(seen), LoadIntegral(edges, edges.front().at));
  const double period = std::max(1e-4, Seconds(tick).count());
  const double most_lag = 1.5 * period;
  double lo = period / 50;
  double hi = std::max(kLongest, 2 * period);
  const auto less = [](const Candidate& a, const Candidate& b) { return a.residual < b.residual; };
  std::vector<Candidate> all;
  for (int round = 0; round < 3; ++round) {
    const auto some = profile(problem, lo, hi, most_lag);
    all.insert(all.end(), some.begin(), some.end());
    const double window = std::min_element(all.begin(), all.end(), less)->window;
    const double step = std::pow(hi / lo, 1.0 / 24);
    lo = window / step;
    hi = window * step;
  }
  const Candidate best = *std::min_element(all.begin(), all.end(), less);
  const double explained = 1 - best.residual / std::max(problem.total(), 1e-300);
  if (explained < kResponse) {
    return absent("calibration.no_response",
                  fmt::format("the load explains {:.0f} % of what the reading did",
                              100 * std::max(0.0, explained)),
                  "calibrate on a machine that is less busy");
  }
  const double near = best.residual * (1 + kFisher / std::max(1.0, problem.n() - 4)) + 1e-9;
  Interval windows{best.window, best.window};
  for (const auto& c : all) {
    if (c.residual > near) continue;
    windows = {std::min(windows.lo, c.window), std::max(windows.hi, c.window)};
  }
  const std::string method =
      fmt::format("square wave: {:.0f} updates, {:.1f} % explained", problem.n(), 100 * explained);
  const auto share = [&](double window) { return std::min(1.0, window / period); };
  return {fitted(best.window, windows, "s", method), fitted(best.lag, {best.lag, best.lag}, "s", method),
          fitted(share(best.window), {share(windows.lo), share(windows.hi)}, "1",
                 "window over tick, " + method)};
}

}  // namespace joulebook
