#pragma once
// Resident memory of processes, in bytes, as proc_pid_status(5) says it. Reads only; thread-safe.
#include <cstdint>
#include <string>

#include "core/file_tree.h"

namespace joulebook {

// The greatest so far (VmHWM) of one process; 0 where it can't be read.
[[nodiscard]] std::int64_t peak_resident_bytes(const FileTree& files, const std::string& pid = "self");

// What is resident now (VmRSS) of a process and of all its descendants, by the kernel's lists of children
// (/proc/PID/task/TID/children; where it has none, of the process alone). Pages that several share
// count in each. 0 where it can't be read.
[[nodiscard]] std::int64_t resident_bytes_of_tree(const FileTree& files, int pid);

}  // namespace joulebook
