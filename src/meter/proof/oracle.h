#pragma once
// The tightest sets of energies that readings allow, computed the long way, for comparison with the
// meter's intervals. Own code throughout: nothing of the curves is used.
#include <optional>

#include "meter/proof/plant.h"

namespace joulebook::proof {

// Every history that agrees with the readings of a counter near the window: each value seen was
// published after the last read of the old one began and before the first read of the new one
// ended, and then lay between it and a step more. Power is never negative, nor more than twice the
// greatest that the sensor states.
[[nodiscard]] Interval tightest_of_counter(const Plant& plant);

// Every read of a gauge as constraints, those long before and after the window, too, searched
// without any limit. `known_updates`: as if each update's instant were known, which nobody can: no
// set that readings allow is narrower.
[[nodiscard]] Interval tightest_of_gauge(const Plant& plant, bool known_updates);

[[nodiscard]] Interval tightest_of_busy_time(const Plant& plant);

}  // namespace joulebook::proof
