#include "sensor/model/load_curve.h"

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "sensor/model/cpu_catalogue.h"

namespace joulebook {
namespace {

constexpr double kLowestLoad = 0.05;  // rows below it are first-interval artefacts
constexpr double kWidening = 1.25;    // five machines are few; see load_curve_test
constexpr int kTenths = 10;

// Columns: machine,cpu,load,threads_loaded,cpu_load_percent,package_w,plug_w,duration_s.
constexpr std::size_t kMachine = 0, kPattern = 2, kLoad = 4, kPackage = 5;

LoadCurve& curve_of(std::vector<LoadCurve>& curves, const std::string& machine,
                    const std::string& pattern) {
  for (LoadCurve& curve : curves)
    if (curve.machine == machine && curve.pattern == pattern) return curve;
  return curves.emplace_back(LoadCurve{.machine = machine, .pattern = pattern});
}

double extrapolated_idle(const LoadCurve& curve) {
  const auto [x0, y0] = curve.points[0];
  const auto [x1, y1] = curve.points[1];
  return std::clamp(y0 - x0 * (y1 - y0) / (x1 - x0), 0.0, y0);
}

std::vector<LoadCurve> parse_curves(std::string_view csv) {
  std::vector<LoadCurve> curves;
  for (const std::string_view line : split(csv, '\n')) {
    const auto fields = parse_csv_line(trim(line));
    if (fields.size() <= kPackage) continue;
    const double load = parse_double(fields[kLoad]).value_or(0) / 100;
    const double watts = parse_double(fields[kPackage]).value_or(0);
    if (load < kLowestLoad || watts <= 0) continue;  // the header too
    curve_of(curves, fields[kMachine], fields[kPattern]).points.emplace_back(load, watts);
  }
  for (LoadCurve& curve : curves) {
    std::ranges::sort(curve.points);
    curve.idle_w = extrapolated_idle(curve);
  }
  return curves;
}

Interval widened(double lo, double hi) {
  return {std::min(1.0, lo / kWidening), std::max(1.0, hi * kWidening)};
}

// Of all curves at loads `first` to `last` (tenths), rising.
std::vector<double> ratios(std::span<const LoadCurve> curves, int first, int last) {
  std::vector<double> all;
  for (int tenth = std::max(1, first); tenth <= std::min(kTenths, last); ++tenth)
    for (const LoadCurve& curve : curves) all.push_back(curve.ratio(tenth / 10.0));
  std::ranges::sort(all);
  return all;
}

}  // namespace

double LoadCurve::ratio(double load) const {
  std::pair<double, double> before{0, idle_w};
  double watts = points.back().second;  // above the highest measured load: as there
  for (const auto& point : points) {
    if (point.first >= load) {
      const double share = (load - before.first) / (point.first - before.first);
      watts = before.second + share * (point.second - before.second);
      break;
    }
    before = point;
  }
  return (watts - idle_w) / (points.back().second - idle_w) / load;
}

const std::vector<LoadCurve>& measured_load_curves() {
  static const std::vector<LoadCurve> curves = parse_curves(cpu_load_csv());
  return curves;
}

LoadFactors load_factors(std::span<const LoadCurve> curves) {
  LoadFactors factors;
  for (int tenth = 1; tenth <= kTenths; ++tenth) {
    const std::vector<double> near = ratios(curves, tenth - 1, tenth + 1);
    factors.at_tenths[static_cast<std::size_t>(tenth - 1)] = widened(near.front(), near.back());
  }
  const std::vector<double> all = ratios(curves, 1, kTenths);
  const auto point = [&](double q) {
    return all[static_cast<std::size_t>(q * static_cast<double>(all.size() - 1) + 0.5)];
  };
  factors.unknown = widened(point(0.025), point(0.975));
  return factors;
}

const LoadFactors& measured_load_factors() {
  static const LoadFactors factors = load_factors(measured_load_curves());
  return factors;
}

Interval LoadFactors::at(double load) const {
  const double position = std::clamp(load, 0.1, 1.0) * 10 - 1;
  const auto below = static_cast<std::size_t>(position);
  if (below + 1 >= at_tenths.size()) return at_tenths.back();
  const double share = position - static_cast<double>(below);
  const Interval& a = at_tenths[below];
  const Interval& b = at_tenths[below + 1];
  return {a.lo + share * (b.lo - a.lo), a.hi + share * (b.hi - a.hi)};
}

}  // namespace joulebook
