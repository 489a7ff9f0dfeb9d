#include "sensor/load_curve.h"

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "sensor/cpu_catalogue.h"

namespace joulebook {
namespace {

constexpr double kLowestLoad = 0.05;  // rows below it are first-interval artefacts
constexpr double kStudent4 = 2.776;   // 97.5 % point of Student's t, four degrees of freedom
constexpr double kMachines = 5;

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

Interval prediction(const std::vector<double>& logs) {
  double mean = 0;
  double square = 0;
  for (const double x : logs) mean += x / static_cast<double>(logs.size());
  for (const double x : logs) square += (x - mean) * (x - mean);
  const double sd = std::sqrt(square / static_cast<double>(logs.size() - 1));
  const double half = kStudent4 * sd * std::sqrt(1 + 1 / kMachines);
  return {std::min(1.0, std::exp(mean - half)), std::max(1.0, std::exp(mean + half))};
}

LoadFactors make_factors() {
  LoadFactors factors;
  std::vector<double> all;
  for (std::size_t tenth = 1; tenth <= factors.at_tenths.size(); ++tenth) {
    std::vector<double> logs;
    for (const LoadCurve& curve : measured_load_curves())
      logs.push_back(std::log(curve.ratio(static_cast<double>(tenth) / 10)));
    factors.at_tenths[tenth - 1] = prediction(logs);
    all.insert(all.end(), logs.begin(), logs.end());
  }
  std::ranges::sort(all);
  const auto point = [&](double q) {
    return std::exp(all[static_cast<std::size_t>(q * static_cast<double>(all.size() - 1) + 0.5)]);
  };
  factors.unknown = {std::min(1.0, point(0.025)), std::max(1.0, point(0.975))};
  return factors;
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

const LoadFactors& measured_load_factors() {
  static const LoadFactors factors = make_factors();
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
