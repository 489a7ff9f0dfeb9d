#pragma once
// Clocks and power caps. A core clock at the share f of its highest makes compute, prefill and
// launches 1/f as long; what memory, links and the host take stays as it is, for they have clocks of
// their own. Switching costs C V^2 a time, and the voltage falls with the clock down to a least one:
//   e_flop ~ V^2,  e_byte = e_memory + (e_byte - e_memory) V^2,  P_active = P (1 - s + s f V^2),
//   V = max(v, v + (1 - v) (2 f - 1)) of the highest,
// e_memory what the memory device takes itself (floor.h), P_active the power of busy kernels whatever
// they do, of which the share s follows the core clock.
// A power cap is the highest clock at which the power stays below it.
//
// s and v differ between chips and no data sheet gives them: the middle of what can be, and the ends
// below are the interval. Samsi et al. 2023 (arXiv 2310.03003) measured a 175 W cap
// on A100s of 250 W: -23 % energy, +6.7 % time, which clocks_test holds against it. Pure; thread-safe.
#include <optional>

#include "physics/serving/step_model.h"

namespace joulebook::explain {

struct ClockPhysics {
  double core_share = 0.65;    // s
  double least_voltage = 0.7;  // v, at half the highest clock and below
};
inline constexpr ClockPhysics kLeastSaving{0.3, 0.8};
inline constexpr ClockPhysics kMostSaving{1, 0.6};

inline constexpr double kLeastClock = 0.2;  // of the highest; below it drivers do not go

// The prediction at that clock, kLeastClock to 1.
[[nodiscard]] serving::Prediction predict_at_clock(const serving::Workload& work,
                                                   const serving::Parameters& parameters, double clock,
                                                   const ClockPhysics& physics = {});

// The highest clock at which all devices together stay below `cap` (share of their power limits);
// nothing where even the least clock takes more.
[[nodiscard]] std::optional<double> clock_under_cap(const serving::Workload& work,
                                                    const serving::Parameters& parameters, double cap,
                                                    const ClockPhysics& physics = {});

}  // namespace joulebook::explain
