#pragma once
// Which domains overlap, and so what may be summed. Edges come from a table by vendor, never from
// the directory tree of the kernel (powercap nests `dram` under a package whose energy leaves it
// out). docs/sensors.md prints the table with its sources.
//
// Every sensor has a domain of its own. Two sensors that see the same energy share kind and
// instance and differ by a suffix: "package:0.mmio" mirrors "package:0", "gpu:0.gauge" mirrors
// "gpu:0". `mirrors` names the domain that is preferred, so it is empty at the preferred end.
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/sensor.h"

namespace joulebook {

// "package" of "package:0.1".
[[nodiscard]] std::string_view domain_kind(std::string_view domain);
// "0.1" of "package:0.1"; empty where there is no colon.
[[nodiscard]] std::string_view domain_instance(std::string_view domain);

// The suffixes of sensors that see what a better one sees already.
inline constexpr std::string_view kMmioSuffix = ".mmio";
inline constexpr std::string_view kGaugeSuffix = ".gauge";
inline constexpr std::string_view kHistorySuffix = ".history";
inline constexpr std::string_view kPowercapSuffix = ".powercap";  // beside perf_event
inline constexpr std::string_view kHwmonSuffix = ".hwmon";
inline constexpr std::string_view kMirrorSuffixes[] = {kMmioSuffix, kGaugeSuffix, kHistorySuffix,
                                                       kPowercapSuffix, kHwmonSuffix};

// "0" of "0", "package:0.mmio" and "gpu:0.gauge"; "0.1" of "package:0.1.mmio".
[[nodiscard]] std::string_view hardware_instance(std::string_view domain);
inline constexpr std::string_view kCounterSuffix = ".counter";  // coarser than the gauge it mirrors

// Adds to each sensor the edges that the table draws between the domains given. Edges that are
// there already stay; ones that name absent domains are not made. Order and ids are kept.
void relate(std::vector<std::unique_ptr<Sensor>>& sensors);
// The same on plain descriptions.
void relate(std::span<SensorInfo> infos);

// The sensor under another description; reads pass straight through.
[[nodiscard]] std::unique_ptr<Sensor> with_info(std::unique_ptr<Sensor> sensor, SensorInfo info);

struct TopLevel {
  std::vector<std::string> ids;       // sensors counted in a total, in the order given
  std::vector<std::string> domains;   // their domains, likewise
  std::vector<std::string> boundary;  // their kinds, each once: "package", "dram"
  std::vector<std::string> warnings;  // one sentence for each sensor refused for doubt
};

// Which sensors a total counts: none inside another counted one, none that mirrors one present,
// none of unknown overlap with another (psys beside a GPU is refused in favour of the parts), no
// chip whose coverage nobody has said, and no measured wall, battery or node where parts are
// measured (it stands beside the total instead).
[[nodiscard]] TopLevel plan_total(std::span<const SensorInfo> infos);

// Just the ids of plan_total.
[[nodiscard]] std::vector<std::string> top_level(std::span<const SensorInfo> infos);

}  // namespace joulebook
