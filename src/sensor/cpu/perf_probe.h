#pragma once
// RAPL through perf_event: 64 bits that the kernel extends, so no wrap, and no file to be masked.
// Needs CAP_PERFMON (Linux 5.8), or perf_event_paranoid <= 0.
//
// One sensor an event and socket (the PMU's cpumask lists one CPU of each), named as powercap names
// the same thing: energy-pkg is "package:N", energy-cores "core:N", energy-gpu "uncore:N",
// energy-ram "dram:N", energy-psys "psys:K". On AMD only energy-pkg counts a socket: what older
// kernels call energy-cores there is one core's register, so it is refused, and the power_core PMU
// (one counter a core) is added up.
#include <memory>

#include "core/clock.h"
#include "core/file_tree.h"
#include "sensor/cpu/perf_events.h"
#include "sensor/sensor.h"

namespace joulebook {

// Cores whose counters are added up at most: each reading interrupts each core, and the package
// holds their energy anyway.
inline constexpr std::size_t kMostCoresInASum = 16;

// Every energy event that opens and moves. A counter that stands still while it is probed (30 ms)
// is refused, except integrated graphics, which may sleep. Edges are not drawn yet (see relate).
// REQUIRES: `clock` and `events` outlive the sensors.
[[nodiscard]] Discovery probe_perf(const FileTree& files, Clock& clock, PerfEvents& events);

// The commands that give this program the right to count: least first.
[[nodiscard]] std::string perf_cure(const FileTree& files);

}  // namespace joulebook
