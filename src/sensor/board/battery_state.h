#pragma once
// Whether the batteries alone feed the machine now.
#include <string>
#include <vector>

#include "sensor/board/battery.h"
#include "sensor/board/value_file.h"

namespace joulebook {

class BatteryState {
 public:
  // Errors as FileTree::keep: without a status nothing can be known.
  [[nodiscard]] static Result<BatteryState> open(const FileTree& files,
                                                 const PowerSupplies& supplies);
  // Errors: "sensor.charging", or those of ValueFile. No allocation on the success path.
  [[nodiscard]] Status discharging();

 private:
  std::vector<ValueFile> statuses_;
  std::vector<ValueFile> online_;
};

}  // namespace joulebook
