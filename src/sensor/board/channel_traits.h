#pragma once
// What a channel's files and its chip's datasheet say of how it measures: kind, unit, tick,
// averaging, share of time seen, accuracy, greatest power.
#include "core/file_tree.h"
#include "sensor/board/hwmon.h"
#include "sensor/sensor.h"

namespace joulebook {

// Everything of SensorInfo but domain, name, device and edges.
[[nodiscard]] SensorInfo describe_channel(const FileTree& files, const HwmonChip& chip,
                                          const HwmonChannel& channel);

}  // namespace joulebook
