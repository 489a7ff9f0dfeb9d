#pragma once
// A layer over SQLite's own file layer that kills the process, as `kill -9` would, when a chosen
// write boundary is reached. A boundary is any call that changes what another process would find on
// disk: a write, a truncation, the deletion of a file. fsync is left out: it decides what a power
// cut leaves, while a killed process leaves in the kernel whatever it wrote, in the order in which
// it wrote it; so leaving it out changes nothing here but the time a test takes.
//
// Not thread-safe. Meant for a forked child; SQLite must not be in use when it is registered.
#include <cstdint>

namespace joulebook::fakes {

constexpr const char* kKillVfs = "joulebook-kill";

enum class Kill {
  never,   // count only
  before,  // nothing of that write reaches the file
  torn,    // the first half of that write does
};

// Registers the layer (once) under kKillVfs and arms it: the process dies at boundary `at`, the
// first being 0.
void arm_kill_vfs(Kill kill, std::int64_t at);
}  // namespace joulebook::fakes
