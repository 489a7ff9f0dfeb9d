#include "sensor/board/jetson.h"

#include <algorithm>

namespace joulebook {
namespace {

// Sources: NVIDIA Jetson Linux Developer Guide, "Platform Power and Performance", tables "INA3221
// rails" of each series (r32.7 for Nano, TX2, Xavier; r36 for Orin). AGX Orin: "VDDQ_VDD2_1V8AO
// power is also included in VIN_SYS_5V0 power"; the module is the sum of the other three.
const std::vector<JetsonBoard>& boards() {
  static const std::vector<JetsonBoard> kBoards{
      {"Jetson Orin NX, Orin Nano or Xavier NX",
       {{"VDD_IN", "module input, carrier board excluded", "", true},
        {"VDD_CPU_GPU_CV", "CPU, GPU and vision engines", "VDD_IN"},
        {"VDD_SOC", "SoC core: memory subsystem, video and image engines", "VDD_IN"}}},
      {"Jetson AGX Orin",
       {{"VDD_GPU_SOC", "GPU and SoC core", ""},
        {"VDD_CPU_CV", "CPU and vision engines", ""},
        {"VIN_SYS_5V0", "5 V system rail: I/O and DDR", ""},
        {"VDDQ_VDD2_1V8AO", "DDR and always-on", "VIN_SYS_5V0"}}},
      {"Jetson AGX Xavier",
       {{"GPU", "GPU", ""},
        {"CPU", "CPU", ""},
        {"SOC", "SoC core", ""},
        {"CV", "vision engines", ""},
        {"VDDRQ", "DDR", ""},
        {"SYS5V", "5 V system rail: I/O", ""}}},
      {"Jetson Nano",
       {{"POM_5V_IN", "module input, carrier board excluded", "", true},
        {"POM_5V_GPU", "GPU", "POM_5V_IN"},
        {"POM_5V_CPU", "CPU", "POM_5V_IN"}}},
      {"Jetson TX2",
       {{"VDD_IN", "module input, carrier board excluded", "", true},
        {"VDD_SYS_GPU", "GPU", "VDD_IN"},
        {"VDD_SYS_SOC", "SoC core", "VDD_IN"},
        {"VDD_SYS_CPU", "CPU", "VDD_IN"},
        {"VDD_SYS_DDR", "DDR", "VDD_IN"},
        {"VDD_4V0_WIFI", "wireless", "VDD_IN"}}},
  };
  return kBoards;
}

bool silent(std::string_view label) {
  return label.empty() || label == "NC" || label.find("not_connected") != std::string_view::npos;
}

}  // namespace

const JetsonRail* JetsonBoard::rail(std::string_view label) const {
  const auto found = std::find_if(rails.begin(), rails.end(),
                                  [&](const JetsonRail& rail) { return rail.label == label; });
  return found != rails.end() ? &*found : nullptr;
}

bool is_rail_monitor(const HwmonChip& chip) { return chip.name.starts_with("ina3221"); }

const JetsonBoard* jetson_board(std::span<const HwmonChip> chips) {
  std::vector<std::string_view> labels;
  for (const HwmonChip& chip : chips) {
    if (!is_rail_monitor(chip)) continue;
    for (const HwmonChannel& channel : chip.channels) {
      if (!silent(channel.label)) labels.push_back(channel.label);
    }
  }
  if (labels.size() < 2) return nullptr;
  for (const JetsonBoard& board : boards()) {
    if (std::all_of(labels.begin(), labels.end(),
                    [&](std::string_view label) { return board.rail(label) != nullptr; })) {
      return &board;
    }
  }
  return nullptr;
}

}  // namespace joulebook
