#pragma once
// How far from straight the line from idle to full load is, from measured curves of RAPL package
// power against load (data/cpu_load.csv: five machines, load spread over all cores or some cores
// loaded fully). Power above idle at load u, over u times the power above idle at full load: 1 on
// a straight line. Measured, this ratio runs from about 0.3 to 3.
//
// The rows at 0 % load are artefacts of the first interval and not used: idle is extrapolated from
// the two lowest loads above 5 %, and kept between 0 and the lowest. Pure; thread-safe.
#include <joulebook/quantity.h>

#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace joulebook {

struct LoadFactors {
  // At load 0.1, 0.2 ... 1.0 of the whole machine: the range of all curves within one tenth of that
  // load, a quarter wider each way. Of the curves of a machine left out, 96 % of points are inside.
  std::array<Interval, 10> at_tenths;
  // Load unknown: the 2.5 % and 97.5 % points of all curves at all ten loads, a quarter
  // wider. Of the curves of a machine left out, 94 % of points are inside.
  Interval unknown;

  // Interpolated; below a load of 0.1 that of 0.1. `load` is clamped to [0.1, 1].
  [[nodiscard]] Interval at(double load) const;
  bool operator==(const LoadFactors&) const = default;
};

// One measured curve: (load in [0, 1], W) by rising load, and the extrapolated idle.
struct LoadCurve {
  std::string machine;
  std::string pattern;  // "all_cores", "some_cores"
  std::vector<std::pair<double, double>> points;
  double idle_w = 0;

  // The ratio to the straight line at `load`; REQUIRES 0 < load <= 1.
  [[nodiscard]] double ratio(double load) const;
};
// The built-in curves; parsed once.
[[nodiscard]] const std::vector<LoadCurve>& measured_load_curves();

// REQUIRES: at least one curve.
[[nodiscard]] LoadFactors load_factors(std::span<const LoadCurve> curves);
// From the built-in curves; made once.
[[nodiscard]] const LoadFactors& measured_load_factors();

}  // namespace joulebook
