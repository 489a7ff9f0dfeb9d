#pragma once
// What a whole server of a given make-up draws at idle and at full load: the figures behind
// `sensors --model-csv`, and behind the model of the machine.
#include <joulebook/quantity.h>
#include <joulebook/result.h>

#include <string>
#include <string_view>
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

// Wall watts of the whole server. `level` in (0, 1) is the coverage of the intervals.
[[nodiscard]] ServerPower server_power(const ServerShape& shape, double level);

// Reads CSV with the columns cpu, chips, threads, memory_gb (in any order, others kept) and
// appends idle_w,idle_lo,idle_hi,full_w,full_lo,full_hi at 80 %. A row whose chips or threads
// are no positive numbers gets empty cells. Errors: input "csv.column" where a column is missing.
[[nodiscard]] Result<std::string> append_model_columns(std::string_view csv);

}  // namespace joulebook
