#pragma once
// What every way of reading RAPL shares: its tick, and allowances by kind of domain.
#include <joulebook/units.h>

#include <string_view>

#include "sensor/containment.h"

namespace joulebook {

// Intel SDM vol. 3B 15.10.1: the time unit is 0.976 ms. AMD's registers move once a millisecond.
inline constexpr Nanos kRaplTick{976'562};

// Greatest plausible power and gain error by kind. No vendor states either for RAPL: both are
// allowances of ours. Watts: above every socket sold (data of 2026: 600 W TDP), memory by 24 slots
// of 20 W. Least: no limit that the machine states stands for less (cpu_limit.h). Gain: comparisons with
// reference meters find a few per cent for packages, and for modelled memory figures up to about 20 %
// (docs/sensors/cpu.md names them).
struct CpuAllowance {
  std::string_view kind;
  double watts;
  double least_watts;
  double accuracy;
};
inline constexpr CpuAllowance kCpuAllowances[] = {
    {"package", 1200, 250, 0.05}, {"core", 1200, 250, 0.05}, {"uncore", 600, 250, 0.05},
    {"dram", 500, 100, 0.20},     {"psys", 5000, 500, 0.05},
};

// The row of "package:0.1"; the package's for a kind that has none.
[[nodiscard]] inline const CpuAllowance& cpu_allowance(std::string_view domain) {
  for (const CpuAllowance& each : kCpuAllowances) {
    if (each.kind == domain_kind(domain)) return each;
  }
  return kCpuAllowances[0];
}

}  // namespace joulebook
