#pragma once
// All that measures processors, brought together: which way of reading leads, which only
// cross-checks, and what is left to say.
//
// The ladder: perf_event (64 bits), powercap, the energy reader for powercap files that this user
// may not read, AMD's hwmon drivers. Where two of them see the same domain, the higher rung is the
// domain and the lower one mirrors it under a suffix: "package:0.powercap", "package:0.hwmon",
// "package:0.gauge".
#include <memory>

#include "core/clock.h"
#include "core/file_tree.h"
#include "sensor/cpu/energy_reader.h"
#include "sensor/cpu/perf_events.h"
#include "sensor/sensor.h"

namespace joulebook {

// What may be used beyond files. Both reach the real machine, so a sysroot goes without.
struct CpuAccess {
  PerfEvents* perf = nullptr;    // null: perf is off
  OpenEnergyReader open_reader;  // empty: no energy reader
};

// REQUIRES: the clock and access.perf outlive the sensors. Edges are drawn.
[[nodiscard]] Discovery probe_cpu(const FileTree& files, Clock& clock, const CpuAccess& access);

}  // namespace joulebook
