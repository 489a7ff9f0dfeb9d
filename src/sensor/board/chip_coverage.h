#pragma once
// What a channel of a hwmon chip covers, as far as chip, label and address tell. Conservative: what
// is not known becomes a domain of its own, "chip:NAME.N", which enters no total.
#include <string>
#include <vector>

#include "sensor/board/hwmon.h"
#include "sensor/board/jetson.h"

namespace joulebook {

struct Coverage {
  enum class Known {
    yes,        // `domain` says what
    supply,     // the input of a mains power supply: all of a machine's are summed to "wall:psu"
    no,         // measured, but nothing says what
    elsewhere,  // another floor reads it, or it lies wholly inside a channel that is read
  };
  Known known = Known::no;
  std::string domain;                 // "node:acpi", "gpu:PCI-0000:03:00.0", "rail:VDD_SOC"
  std::string device;                 // as SensorInfo::device
  std::string name;                   // for people
  std::vector<std::string> contains;  // domains that no row of the table could pair
  bool never_zero = false;            // a live device never draws 0 W there
};

// `board` is the Jetson that the machine's rail monitors make up; may be null.
[[nodiscard]] Coverage coverage_of(const FileTree& files, const HwmonChip& chip,
                                   const HwmonChannel& channel, const JetsonBoard* board);

}  // namespace joulebook
