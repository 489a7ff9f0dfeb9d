#pragma once
// NVIDIA Jetson: which rail an INA3221's channel sits on, by board. Labels are the driver's
// (inN_label, rail_name_N); a board is known by the set of them, since /proc/device-tree is masked
// in containers.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/board/hwmon.h"

namespace joulebook {

struct JetsonRail {
  std::string_view label;   // "VDD_IN"
  std::string_view feeds;   // for people
  std::string_view inside;  // label of the rail that feeds this one; empty: none
  bool whole = false;       // the module's input: everything but the carrier board
};

struct JetsonBoard {
  std::string_view name;
  std::vector<JetsonRail> rails;

  [[nodiscard]] const JetsonRail* rail(std::string_view label) const;
};

// Whether the chip can be one of a Jetson's: an INA3221 by any of its drivers.
[[nodiscard]] bool is_rail_monitor(const HwmonChip& chip);

// The board whose rails include every label of these chips' channels, at least two of them; null
// where none does. Channels without a label, or labelled NC (not connected), say nothing.
[[nodiscard]] const JetsonBoard* jetson_board(std::span<const HwmonChip> chips);

}  // namespace joulebook
