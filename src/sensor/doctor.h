#pragma once
// What `joulebook doctor` says: every sensor that reads, everything that is missing, and the exact
// cure of each. A pure function of the sensors, of what discovery found and of facts about the place, so
// that every sentence can be tested.
#include <string>
#include <vector>

#include "core/file_tree.h"
#include "sensor/read_cost.h"
#include "sensor/sensor.h"

namespace joulebook {

struct DoctorFacts {
  bool nvidia_gpu = false;  // device files of an NVIDIA GPU are there
  bool amd_gpu = false;     // of an AMD one (/dev/kfd)
  bool engine_embedded = true;
  bool engine_cuda = false;    // the embedded engine can use CUDA
  bool engine_vulkan = false;  // or Vulkan
  std::vector<ReadCost> reads = {};  // of each sensor, in their order; may be empty
};

// The facts that files tell; the engine's are the caller's.
[[nodiscard]] DoctorFacts doctor_facts(const FileTree& files);

// Problems first, then notes, then what is well; within each, first the total, then sensors, then
// the rest in the order of discovery.
[[nodiscard]] std::vector<Finding> diagnose(const std::vector<SensorInfo>& infos, const std::vector<Finding>& found,
                                            const DoctorFacts& facts);

// {"level": "ok" | "note" | "problem", "subject", "reason": {"code", "message", "cure"}}
[[nodiscard]] Json to_json(const Finding& finding);

}  // namespace joulebook
