#pragma once
// What a whole server of a given make-up draws at idle and at full load: the figures behind
// `sensors --model-csv`, and behind the model of the machine.
#include <joulebook/quantity.h>

#include <string>
#include <vector>

#include "sensor/model/power_regression.h"

namespace joulebook {

struct PowerRange {
  double watts = 0;
  Interval interval;

  bool operator==(const PowerRange&) const = default;
};

struct ServerPower {
  PowerRange idle;
  PowerRange full;
  std::vector<std::string> relatives;  // the CPUs that weigh most in `full`, heaviest first
  Nearness nearness = Nearness::distant;
};

// Few client parts are in the catalogue: their intervals are this much wider, in logarithms. Stated,
// not fitted.
inline constexpr double kClientWidening = 1.5;

// Wall watts of the whole server. `level` in (0, 1) is the coverage of the intervals.
[[nodiscard]] ServerPower server_power(const ServerShape& shape, double level);

}  // namespace joulebook
