#pragma once
// The two probes of this floor; probe_board (discover.h) calls both.
#include "core/clock.h"
#include "core/file_tree.h"
#include "sensor/discover.h"
#include "sensor/sensor.h"

namespace joulebook {

// Chips, rails, power supplies, Intel and AMD cards.
[[nodiscard]] Discovery probe_hwmon(const FileTree& files, Clock& clock, const ChipNames& named);
// Batteries that run the machine.
[[nodiscard]] Discovery probe_battery(const FileTree& files, Clock& clock);

}  // namespace joulebook
