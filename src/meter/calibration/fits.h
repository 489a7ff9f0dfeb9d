#pragma once
// What recorded readings tell about a sensor. Pure functions, any thread; every result is a
// quantity, an absence where the readings do not tell.
#include <joulebook/quantity.h>

#include <optional>
#include <span>
#include <vector>

#include "sensor/sensor.h"

namespace joulebook {

// From `at` on, this share of the load is on.
struct LoadEdge {
  SteadyTime at;
  double load = 0;  // [0, 1]
};

// s between two updates, from the instants of change of densely taken readings. An update that
// changes nothing shows as a longer gap and is counted by rounding to whole ticks. own: 5 to 95 %
// of the gaps, each over its number of ticks.
// Absences: "calibration.few_updates" (fewer than 5 changes), "calibration.too_fast" (changed at
// nearly each read: the tick is no longer than what lies between two reads).
[[nodiscard]] Quantity fit_tick(std::span<const RawReading> readings);

// The window over which a gauge averages, by least squares: an update at t reads
//   a + b x (1/w) x integral of the load over [t - d - w, t - d]
// where w is the window and d the lag; a, b, w and d are fitted, w and d over a refined grid.
// own: where the residual stays below its least by the 95 % point of F(1, n).
struct AveragingFit {
  Quantity window;  // s
  Quantity lag;     // s
  Quantity duty;    // 1; the window over the tick, at most 1
};
// Absences: "calibration.few_updates", "calibration.no_response" (the load explains less than half
// of what the reading did).
[[nodiscard]] AveragingFit fit_averaging(std::span<const RawReading> readings,
                                         std::span<const LoadEdge> edges, Nanos tick);

// One short window at rest.
struct IdleSlice {
  double watts = 0;
  std::optional<double> celsius;
};

// `whole`: the figure of the windows that the slices came from; its tier, shared parts and boundary
// stay, its value becomes their median and its own interval reaches over 5 to 95 % of them.
[[nodiscard]] Quantity idle_floor(std::span<const IdleSlice> slices, const Quantity& whole);

// W/K by linear regression, own: 95 % (2.3 standard errors, the Student point of 8 slices).
// Absences: "calibration.no_thermometer", "calibration.steady_temperature" (moved by less than
// 2 K), "calibration.few_slices".
[[nodiscard]] Quantity temperature_slope(std::span<const IdleSlice> slices);
[[nodiscard]] Quantity median_temperature(std::span<const IdleSlice> slices);

// The median of rates, own: 5 to 95 % of them.
[[nodiscard]] Quantity median_rate(std::vector<double> rates, const std::string& unit);

// A measured value whose own interval is `own`, widened to hold the value.
[[nodiscard]] Quantity fitted(double value, Interval own, std::string unit, std::string method);

}  // namespace joulebook
