#pragma once
// Which GPUs some processes use: the devices that a figure of them covers. Asked of every vendor's
// library that is here (NVML, AMD SMI), and of what the kernel says of the processes' open files,
// which needs no library and holds inside a container, too. docs/sensors/gpu.md has the rules.
//
// "Used" is holding a context: work, or memory, on the card. Having opened it is less, since a
// runtime opens every card to count them.
#include <joulebook/result.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/file_tree.h"

namespace joulebook {

struct DeviceUse {
  enum class Answer {
    used,     // one of the processes holds a context on it, as `evidence` says
    unused,   // somebody who can know says that none does
    unknown,  // nobody here can know, and `reason` says why: never taken for unused
  };
  std::string device;  // as SensorInfo::device: "gpu:GPU-<uuid>", "gpu:PCI-0000:03:00.0"
  std::string name;    // for people: "NVIDIA H100 80GB HBM3"; empty: not known
  Answer answer = Answer::unknown;
  std::vector<int> pids;  // those of the processes asked about that hold it (unknown: may hold it)
  std::string evidence;   // "NVML lists process 4711", "process 4711 holds 3.2 GB on it (amdgpu)"
  Reason reason;          // unknown only: code "process.device_unknown", message, cure
};

[[nodiscard]] std::string_view to_string(DeviceUse::Answer answer);

// One row for each GPU known here, NVIDIA's first (NVML's order), then by PCI address; no GPU, no
// rows. `pids` are numbered as in `files`, and are the whole tree: descendants are not followed
// (process_finder.h does that). Libraries are opened by soname and closed again. Never fails; may
// take some 10 ms; any thread, one call at a time.
[[nodiscard]] std::vector<DeviceUse> devices_used_by(const FileTree& files,
                                                     std::span<const int> pids);

}  // namespace joulebook
