#include <algorithm>
#include <iterator>

#include "sensor/board/probe.h"

namespace joulebook {

Discovery probe_board(std::shared_ptr<const FileTree> files, Clock& clock, const ChipNames& named) {
  Discovery found = probe_hwmon(*files, clock, named);
  Discovery battery = probe_battery(*files, clock);
  std::move(battery.sensors.begin(), battery.sensors.end(), std::back_inserter(found.sensors));
  std::move(battery.findings.begin(), battery.findings.end(), std::back_inserter(found.findings));
  return found;
}

}  // namespace joulebook
