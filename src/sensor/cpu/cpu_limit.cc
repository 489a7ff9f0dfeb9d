#include "sensor/cpu/cpu_limit.h"

#include <algorithm>
#include <array>

#include "sensor/containment.h"
#include "sensor/cpu/cpu_domain.h"

namespace joulebook {
namespace {

// Short peaks pass twice the long limit (PL4 of mobile parts), and what a limit allows is set by software.
constexpr double kAboveLimit = 2;
constexpr double kAboveSettable = 4;

// The highest of these, W; 0 where none is stated. Unlimited is written as 0, or as more than `most`.
double highest(const FileTree& files, const PowercapZone& zone, std::string_view suffix, double most) {
  double out = 0;
  for (const char* constraint : {"/constraint_0_", "/constraint_1_", "/constraint_2_"}) {
    const auto text = files.read(zone.path + constraint + std::string(suffix));
    const auto counts = text ? parse_counter(*text) : std::nullopt;
    const double watts = counts ? static_cast<double>(*counts) * 1e-6 : 0;
    if (watts <= most) out = std::max(out, watts);
  }
  return out;
}

// 0 where the zone states nothing.
double stated(const FileTree& files, const PowercapZone& zone, std::string_view domain) {
  const CpuAllowance& allowance = cpu_allowance(domain);
  const double limit = std::max(kAboveLimit * highest(files, zone, "power_limit_uw", allowance.watts),
                                kAboveSettable * highest(files, zone, "max_power_uw", allowance.watts));
  return limit > 0 ? std::max(limit, allowance.least_watts) : 0;
}

const PowercapZone* package_of(const PowercapZone& zone, const std::vector<PowercapZone>& all) {
  if (zone.indices.size() < 2) return nullptr;
  const auto above = std::find_if(all.begin(), all.end(), [&](const PowercapZone& other) {
    return other.mmio == zone.mmio && other.indices.size() == 1 && other.indices[0] == zone.indices[0];
  });
  return above == all.end() ? nullptr : &*above;
}

}  // namespace

double plausible_watts(const FileTree& files, const PowercapZone& zone, const std::vector<PowercapZone>& all) {
  const std::string domain = domain_of(zone, all).value_or(zone.name);
  double watts = stated(files, zone, domain);
  const auto kind = domain_kind(domain);
  const PowercapZone* package = kind == "core" || kind == "uncore" ? package_of(zone, all) : nullptr;
  if (watts == 0 && package != nullptr) watts = stated(files, *package, "package:0");
  return watts > 0 ? watts : cpu_allowance(domain).watts;
}

double plausible_watts(const FileTree& files, std::string_view domain) {
  const auto zones = list_powercap_zones(files);
  for (const PowercapZone& zone : zones) {
    if (domain_of(zone, zones) == domain) return plausible_watts(files, zone, zones);
  }
  return cpu_allowance(domain).watts;
}

}  // namespace joulebook
