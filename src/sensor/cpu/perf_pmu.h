#pragma once
// The kernel's description of an energy PMU under /sys/bus/event_source/devices: "power" (socket
// counters of Intel and AMD) and "power_core" (AMD, each core its own counter, from Linux 6.14 on).
// arch/x86/events/rapl.c of the kernel is the source of names, codes, unit and scale.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/file_tree.h"
#include "sensor/sensor.h"

namespace joulebook {

// The one scale that the kernel writes for energy: 2^-32 J a count.
inline constexpr double kPerfJoules = 2.3283064365386962890625e-10;

struct PerfEnergyEvent {
  std::string name;  // "energy-pkg"
  std::uint64_t config = 0;
};

struct PerfPmu {
  std::string name;  // "power"
  std::uint32_t type = 0;
  std::vector<int> cpus;  // one of each socket, die or core
  std::vector<PerfEnergyEvent> events;
  std::vector<Reason> refused;  // events or files that are not as the kernel documents them
};

// {2} of "event=0x02\n"; nothing where any other term stands in it, or more than 8 bits.
[[nodiscard]] std::optional<std::uint64_t> parse_perf_event(std::string_view text);

// Nothing where there is no such PMU. An event whose unit is not Joules or whose scale is not
// 2^-32 is refused, never rescaled.
[[nodiscard]] std::optional<PerfPmu> read_perf_pmu(const FileTree& files, std::string_view name);

}  // namespace joulebook
