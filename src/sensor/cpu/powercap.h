#pragma once
// Linux powercap: the RAPL energy counters of Intel and AMD processors, as files of whole
// microjoules (Documentation/power/powercap/powercap.rst of the kernel).
//
// Zones are found by directory name (intel-rapl:*, intel-rapl-mmio:*; AMD uses the same) under
// /sys/class/powercap, else /sys/devices/virtual/powercap; what a zone covers is read from its
// `name`, never from its index. Domains: package-0 is "package:0", package-0-die-1 is
// "package:0.1" (the lowest die keeps the package's own number), core, uncore and dram take the
// number of the package above them, psys counts from 0 and psys-1 is "psys:1"; ".mmio" is added
// where an MSR zone sees the same.
//
// The factory is probe_powercap (discover.h); this header is for tests and for doctor.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/file_tree.h"
#include "sensor/cpu/energy_reader.h"
#include "sensor/sensor.h"

namespace joulebook {

// One counter file and what its directory says about it.
struct PowercapZone {
  std::string directory;  // "intel-rapl:0:1"
  std::string path;       // "/sys/class/powercap/intel-rapl:0/intel-rapl:0:1"
  std::string name;       // "dram"
  bool mmio = false;
  std::vector<unsigned> indices;  // {0, 1}
};

// Every zone with a readable name, MSR before MMIO, then by index. A zone visible twice (flat and
// nested) is one zone.
[[nodiscard]] std::vector<PowercapZone> list_powercap_zones(const FileTree& files);

// The domain that a zone covers, without a suffix, or nothing for a name that no kernel is known to
// write: such a zone is never read, because it could hold energy that another one counts.
[[nodiscard]] std::optional<std::string> domain_of(const PowercapZone& zone,
                                                   const std::vector<PowercapZone>& all);

// A whole unsigned decimal number, surrounding blanks apart; nothing else ("-1", "", "1e3" and
// what does not fit 64 bits are nothing).
[[nodiscard]] std::optional<std::uint64_t> parse_counter(std::string_view text);

// probe_powercap, where counters that this user may not read are asked of the energy reader that
// `open_reader` starts (empty: of none). It is started at most once, and only where it is needed.
// Edges inside powercap are drawn.
[[nodiscard]] Discovery probe_powercap(const FileTree& files, Clock& clock,
                                       const OpenEnergyReader& open_reader);

}  // namespace joulebook
