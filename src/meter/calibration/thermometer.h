#pragma once
// The temperature of the processor, as the kernel tells it: the package's sensor of coretemp,
// k10temp, zenpower or cpu_thermal under /sys/class/hwmon, else a thermal zone of the processor
// under /sys/class/thermal. Of several (sockets) the mean.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/file_tree.h"

namespace joulebook {

class Thermometer {
 public:
  explicit Thermometer(std::shared_ptr<const FileTree> files);
  // Degrees Celsius of a device as SensorInfo names it ("cpu"); nothing where none can be read.
  [[nodiscard]] std::optional<double> celsius(std::string_view device) const;

 private:
  std::shared_ptr<const FileTree> files_;
  std::vector<std::string> cpu_;  // files of millidegrees
};

}  // namespace joulebook
