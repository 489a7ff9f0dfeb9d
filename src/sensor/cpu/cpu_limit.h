#pragma once
// How much a domain of the CPU can plausibly draw, by the power limits that the machine states for it through
// powercap. They may be read where the counters themselves may not.
#include <string_view>
#include <vector>

#include "core/file_tree.h"
#include "sensor/cpu/powercap.h"

namespace joulebook {

// W, for SensorInfo::max_watts. Twice the highest limit that the zone's constraints state, or four times the highest
// power that they allow to be set (the CPU's own TDP); at least what a limit that somebody lowered for a while
// leaves room for. Cores and graphics that state none have their package's. A limit above every CPU sold is the
// firmware's way to say none; where none is stated, the allowance of the domain's kind.
[[nodiscard]] double plausible_watts(const FileTree& files, const PowercapZone& zone,
                                     const std::vector<PowercapZone>& all);
// The same of a domain that is read in another way than through powercap.
[[nodiscard]] double plausible_watts(const FileTree& files, std::string_view domain);

}  // namespace joulebook
