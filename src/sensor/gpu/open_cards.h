#pragma once
// Which graphics cards a process holds open, from /proc/PID/fd and fdinfo. Seeing another user's
// needs root or CAP_SYS_PTRACE. Reads only; any thread.
#include <vector>

#include "core/file_tree.h"
#include "sensor/gpu/drm_client.h"

namespace joulebook {

struct OpenCards {
  int pid = 0;
  bool readable = false;                // its list of descriptors could be had
  std::vector<unsigned> nvidia_minors;  // N of /dev/nvidiaN, each once, ascending
  std::vector<PciAddress> drm;          // cards of /dev/dri, each once, ascending
  std::vector<DrmClient> clients;       // what fdinfo says of them, each context once
  bool kfd = false;                     // /dev/kfd: AMD's compute interface
};

[[nodiscard]] OpenCards open_cards(const FileTree& files, int pid);

// Whether the numbers that the kernel gives processes (which drivers speak of) are those of /proc
// here: not so inside a container with a pid namespace of its own.
[[nodiscard]] bool sees_host_pids(const FileTree& files);

}  // namespace joulebook
