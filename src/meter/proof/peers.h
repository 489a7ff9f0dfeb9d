#pragma once
// What others would have printed for the same case. Written from descriptions of how they work
// (docs/bounds.md says which), not from their code. None gives an interval. J; nothing where the
// tool has no reading.
#include <optional>

#include "meter/proof/plant.h"

namespace joulebook::proof {

// Counter: last read less first read inside the window. Gauge: each reading times the period.
[[nodiscard]] std::optional<double> naive(const Plant& plant);
// Zeus: a counter is read at both ends of the window; a gauge is polled, equal neighbours are left
// out, and what remains inside the window is integrated by trapezoid. No reading without a sensor.
[[nodiscard]] std::optional<double> zeus(const Plant& plant);
// CodeCarbon: every 15 s and at the end, a counter's growth, or a gauge's reading times the time
// since; without a sensor TDP x (0.1 + 0.9 load^3).
[[nodiscard]] std::optional<double> code_carbon(const Plant& plant);

}  // namespace joulebook::proof
