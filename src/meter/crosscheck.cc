#include "meter/crosscheck.h"

#include <fmt/format.h>

namespace joulebook {
namespace {

void compare(const DomainEnergy& a, const DomainEnergy& b, std::vector<std::string>& warnings) {
  if (!a.energy.present() || !b.energy.present()) return;
  const Interval ia = a.energy.interval();
  const Interval ib = b.energy.interval();
  if (ia.lo <= ib.hi && ib.lo <= ia.hi) return;
  warnings.push_back(
      fmt::format("sensor.disagree: {} says {} and {} says {} about the same energy, further apart "
                  "than their stated errors",
                  a.sensor, human(a.energy), b.sensor, human(b.energy)));
}

}  // namespace

void cross_check(std::span<DomainEnergy> domains, std::vector<std::string>& warnings) {
  for (auto& domain : domains) {
    for (const auto& other : domains) {
      for (const auto& mirrored : domain.mirrors) {
        if (other.domain != mirrored) continue;
        compare(other, domain, warnings);
        domain.crosscheck = CrossCheck{other.sensor, ratio(domain.energy, other.energy)};
      }
    }
  }
}

}  // namespace joulebook
