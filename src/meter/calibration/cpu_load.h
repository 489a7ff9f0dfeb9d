#pragma once
// The load generator of the real machine: one thread of this process for each hardware thread that
// it may run on. They end with the generator.
#include <memory>

#include "core/file_tree.h"
#include "meter/calibration/load.h"

namespace joulebook {

// Bytes of all last-level caches together, from /sys/devices/system/cpu; 32 MiB where it says
// nothing.
[[nodiscard]] std::int64_t last_level_cache(const FileTree& files);

// The triad's arrays are each four times the last-level caches (STREAM's rule), all three together
// at most a quarter of the memory that is available. `threads` 0: as many as this process may use.
[[nodiscard]] std::unique_ptr<LoadGenerator> make_cpu_load(const FileTree& files, int threads = 0);

}  // namespace joulebook
