#include "load/steady.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "study/student.h"

namespace joulebook::load {
namespace {

constexpr double kTrendLevel = 0.01;
constexpr std::size_t kLeastPoints = 6;
constexpr std::array<std::string_view, 3> kNames = {"steady", "not steady", "not judged"};

using Three = std::array<WindowPoint, 3>;

Three gathered(std::span<const WindowPoint> windows) {
  Three out{};
  for (std::size_t i = 0; i < windows.size(); ++i) {
    WindowPoint& group = out[i * 3 / windows.size()];
    group.seconds += windows[i].seconds;
    group.answered += windows[i].answered;
    group.due += windows[i].due;
    group.pieces += windows[i].pieces;
    group.latency_s += windows[i].latency_s;
  }
  return out;
}

template <class Of>
double spread(const Three& three, Of of) {
  double least = std::numeric_limits<double>::infinity();
  double most = 0;
  for (const auto& window : three) {
    least = std::min(least, of(window));
    most = std::max(most, of(window));
  }
  return least > 0 ? most / least - 1 : std::numeric_limits<double>::infinity();
}

}  // namespace

std::string_view to_string(Steadiness steadiness) {
  return kNames[static_cast<std::size_t>(steadiness)];
}

SteadyVerdict judge_windows(std::span<const WindowPoint> windows, const SteadyRule& rule) {
  SteadyVerdict out;
  if (windows.size() < 3) {
    out.why = "fewer than three windows";
    return out;
  }
  const Three three = gathered(windows);
  for (const auto& window : three) {
    if (window.answered >= rule.least_answers && window.seconds > 0) continue;
    out.why = fmt::format("fewer than {} answers in a third of the span", rule.least_answers);
    return out;
  }
  out.throughput_spread = spread(three, [&](const WindowPoint& w) {
    const double base = rule.open ? static_cast<double>(w.due) : w.seconds;
    return base > 0 ? static_cast<double>(w.pieces) / base : 0;
  });
  out.latency_spread = spread(
      three, [](const WindowPoint& w) { return w.latency_s / static_cast<double>(w.answered); });
  const bool flows = *out.throughput_spread <= rule.tolerance;
  const bool waits = *out.latency_spread <= rule.tolerance;
  out.steadiness = flows && waits ? Steadiness::steady : Steadiness::unsteady;
  if (!flows) {
    out.why = fmt::format("throughput differs by {:.0f} % between three windows",
                          100 * *out.throughput_spread);
  } else if (!waits) {
    out.why =
        fmt::format("latency differs by {:.0f} % between three windows", 100 * *out.latency_spread);
  }
  return out;
}

std::optional<Trend> trend_of(std::span<const std::pair<double, double>> points) {
  if (points.size() < kLeastPoints) return std::nullopt;
  const auto n = static_cast<double>(points.size());
  double mean_x = 0;
  double mean_y = 0;
  for (const auto& [x, y] : points) {
    mean_x += x / n;
    mean_y += y / n;
  }
  double xx = 0;
  double xy = 0;
  double yy = 0;
  for (const auto& [x, y] : points) {
    xx += (x - mean_x) * (x - mean_x);
    xy += (x - mean_x) * (y - mean_y);
    yy += (y - mean_y) * (y - mean_y);
  }
  if (!(xx > 0) || !(mean_y > 0)) return std::nullopt;
  const double slope = xy / xx;
  Trend out;
  out.change = slope * (points.back().first - points.front().first) / mean_y;
  const double residual = std::max(0.0, yy - slope * xy);
  if (residual <= 1e-18 * mean_y * mean_y * n) {
    out.p = slope == 0 ? 1 : 0;
    return out;
  }
  const double t = slope * std::sqrt(xx * (n - 2) / residual);
  out.p = 2 * student_cdf(-std::abs(t), n - 2);
  return out;
}

void judge_trend(SteadyVerdict& verdict, const std::optional<Trend>& trend,
                 const SteadyRule& rule) {
  if (!trend) return;
  verdict.trend = trend->change;
  const bool drifts = trend->p < kTrendLevel && std::abs(trend->change) > rule.tolerance;
  if (!drifts || verdict.steadiness != Steadiness::steady) return;
  verdict.steadiness = Steadiness::unsteady;
  verdict.why =
      fmt::format("joules per output token drift by {:+.0f} % over the span", 100 * trend->change);
}

}  // namespace joulebook::load
