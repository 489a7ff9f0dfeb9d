#pragma once
// Finds every sensor that can be read here, and says what is missing and how to cure it.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/file_tree.h"
#include "sensor/sensor.h"

namespace joulebook {

struct SensorChoice {
  // Sensor ids or prefixes ("powercap", "nvml:"); empty: all. "ID=KIND:NAME" chooses nothing: it
  // says what a chip covers about which nothing else does ("hwmon:ina226@1-0040:power1=rail:ssd").
  std::vector<std::string> only;
  bool vendor_libraries = true;   // dlopen NVML, AMD SMI or ROCm SMI, Level Zero
  bool machine_model = true;      // fall back to the model where no node, package or psys sensor is
  std::optional<bool> perf;       // perf_event, a system call: unset, on unless there is a sysroot
  std::vector<std::string> specs;  // meters outside, as --sensor names them: always kept
};

// Never fails: no sensor at all is a finding with its cure. The machine model is added exactly
// where no sensor of the CPU side (see sees_cpu_side) could be read, and a finding says so.
[[nodiscard]] Discovery discover(std::shared_ptr<const FileTree> files, Clock& clock,
                                 const SensorChoice& choice);

// One vendor's probe each; discover() calls all of them.
[[nodiscard]] Discovery probe_powercap(std::shared_ptr<const FileTree> files, Clock& clock);
[[nodiscard]] Discovery probe_nvml(Clock& clock);
// Looks at each counter for a quarter of a second (where it stands still, one second).
[[nodiscard]] Discovery probe_amd_gpu(Clock& clock);
[[nodiscard]] Discovery probe_level_zero(Clock& clock);
// Domains by sensor id, for chips of unknown coverage.
using ChipNames = std::map<std::string, std::string>;
[[nodiscard]] Discovery probe_board(std::shared_ptr<const FileTree> files, Clock& clock,
                                    const ChipNames& named = {});
[[nodiscard]] Discovery probe_machine_model(std::shared_ptr<const FileTree> files, Clock& clock);

}  // namespace joulebook
