#include "physics/explain/clocks.h"

#include <algorithm>

#include "physics/explain/floor.h"

namespace joulebook::explain {
namespace {

double voltage(double clock, const ClockPhysics& physics) {
  const double v = physics.least_voltage;
  return std::max(v, v + (1 - v) * (2 * clock - 1));
}

}  // namespace

serving::Prediction predict_at_clock(const serving::Workload& work,
                                     const serving::Parameters& parameters, double clock,
                                     const ClockPhysics& physics) {
  if (clock >= 1) return serving::predict(work, parameters);
  const double f = std::max(clock, kLeastClock);
  const double v2 = voltage(f, physics) * voltage(f, physics);
  serving::Workload slow = work;
  slow.device.rate16 *= f;
  slow.device.rate8 *= f;
  serving::Parameters p = parameters;
  const auto kind = static_cast<std::size_t>(work.device.kind);
  // The model's energy of a FLOP is a share of limit / rate, and the rate has fallen.
  p[serving::flop_energy_h100 + kind] *= v2 * f;
  p[serving::active_h100 + kind] *= 1 - physics.core_share + physics.core_share * f * v2;
  // What a byte takes beyond the memory itself is spent on the way through the chip.
  constexpr double kPico = 1e-12;
  const double memory = least_energy(work).device_byte / kPico;
  double& byte = p[serving::byte_energy_h100 + kind];
  byte = std::min(byte, memory) + std::max(byte - memory, 0.0) * v2;
  for (const auto launch : {serving::layer_v3_h100, serving::layer_v3_b200}) p[launch] /= f;
  return serving::predict(slow, p);
}

std::optional<double> clock_under_cap(const serving::Workload& work,
                                      const serving::Parameters& parameters, double cap,
                                      const ClockPhysics& physics) {
  const double most = cap * work.devices * work.device.power_limit;
  const auto below = [&](double clock) {
    return predict_at_clock(work, parameters, clock, physics).power_w <= most;
  };
  if (below(1)) return 1;
  if (!below(kLeastClock)) return std::nullopt;
  double lo = kLeastClock, hi = 1;
  constexpr int kHalvings = 40;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = 0.5 * (lo + hi);
    (below(middle) ? lo : hi) = middle;
  }
  return lo;
}

}  // namespace joulebook::explain
