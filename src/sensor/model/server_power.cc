#include "sensor/model/server_power.h"

#include <algorithm>
#include <cmath>

namespace joulebook {
namespace {

constexpr std::size_t kRelatives = 3;

PowerRange range_of(PowerTarget target, const ServerShape& shape, double level) {
  const PowerRegression& regression = PowerRegression::of(target);
  const LogPower power = regression.predict(shape);
  const double widening = shape.cpu.client ? kClientWidening : 1;
  const double half = regression.quantile(power.nearness, level) * power.sd * widening;
  return {power.watts(), {std::exp(power.mean - half), std::exp(power.mean + half)}};
}

// Idle and full load are predicted apart; for a make-up far from all published ones the two may
// cross. Full load is then idle and what the load adds.
PowerRange full_of(const ServerShape& shape, const PowerRange& idle, double level) {
  const PowerRange full = range_of(PowerTarget::full, shape, level);
  if (full.watts > idle.watts) return full;
  const PowerRange active = range_of(PowerTarget::active, shape, level);
  return {idle.watts + active.watts,
          {idle.interval.lo + active.interval.lo, idle.interval.hi + active.interval.hi}};
}

}  // namespace

ServerPower server_power(const ServerShape& shape, double level) {
  const PowerRange idle = range_of(PowerTarget::idle, shape, level);
  const PowerRegression& full = PowerRegression::of(PowerTarget::full);
  return {.idle = idle,
          .full = full_of(shape, idle, level),
          .relatives = full.relatives(shape, kRelatives),
          .nearness = full.predict(shape).nearness};
}

}  // namespace joulebook
