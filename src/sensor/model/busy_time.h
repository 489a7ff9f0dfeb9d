#pragma once
// Busy CPU time of the whole machine, from the first line of /proc/stat: the reading that the model
// of a machine without sensors turns into joules.
//
// Busy is user + nice + system + irq + softirq, in clock ticks. idle and iowait are not work; guest
// and guest_nice are already inside user and nice; steal is time that the hypervisor gave to other
// guests, whose joules are not this one's. (Linux Documentation/filesystems/proc.rst, 1.7.)
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "core/clock.h"
#include "core/file_tree.h"
#include "sensor/sensor.h"

namespace joulebook {

// Busy ticks of a /proc/stat text; nothing where its first line is malformed. No allocation.
[[nodiscard]] std::optional<std::uint64_t> busy_ticks(std::string_view stat);

// A sensor of kind busy_time with the id "model:cpu" and domain "node:0", scale 1 / USER_HZ,
// tick 1 / USER_HZ. A malformed or empty read is repeated once. read() does not allocate where it
// succeeds. Errors of make: as FileTree::keep.
[[nodiscard]] Result<std::unique_ptr<Sensor>> make_busy_time_sensor(
    const FileTree& files, Clock& clock, std::unique_ptr<EnergyModel> model);

}  // namespace joulebook
