// Any bytes as a table of training runs: read or refused, and whatever is read implies figures that
// are finite and positive, or reasons. Shown to find a planted fault: where cells need only be above
// 0, numbers so small that their product is 0 imply 0 FLOPs.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "physics/training/runs.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void require_sound(const std::optional<double>& x) { require(!x || (*x > 0 && !std::isnan(*x))); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace joulebook::training;
  if (size > 4000) return 0;
  const auto runs = parse_training_runs(
      "run,params_b,active_b,tokens_t,hardware,devices,device_hours,avg_w_per_device,energy_mwh,pue,tco2e\n"
      "a,7,7,1,H100,8,1000,500,0.5,1.1,0.2\n" +
      std::string(reinterpret_cast<const char*>(data), size));
  if (!runs) {
    require(!runs.error().cure.empty());
    return 0;
  }
  for (const auto& run : *runs) {
    const Implied implied = implied_by(run);
    require_sound(implied.flops);
    require_sound(implied.hours);
    require_sound(implied.utilisation);
    require_sound(implied.intensity);
    require_sound(implied.power_share);
  }
  return 0;
}
