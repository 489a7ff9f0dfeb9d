#pragma once
// What this process may use of its machine: cores and memory, after affinity and control groups.
// Sources: sched_setaffinity(2), proc(5), cgroups(7) and the kernel's cgroup-v2.rst. Reads only.
#include <cstdint>
#include <optional>
#include <vector>

#include "core/file_tree.h"

namespace joulebook {

// Hardware threads that the calling thread may run on.
[[nodiscard]] std::vector<int> usable_cpus();

// Physical cores among `cpus`, at most the CPU quota of this process' control groups rounded down;
// at least 1. A core whose topology can't be read counts by hardware threads.
[[nodiscard]] int usable_cores(const FileTree& files, const std::vector<int>& cpus);

// Bytes that can still be allocated without swapping: MemAvailable and what the control groups
// leave (their page cache counted as free). Nothing where neither can be read.
[[nodiscard]] std::optional<std::uint64_t> available_memory(const FileTree& files);

// Bytes of address space and of data that the process' own limits still allow.
[[nodiscard]] std::optional<std::uint64_t> address_space_left(const FileTree& files);

}  // namespace joulebook
