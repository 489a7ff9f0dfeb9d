#pragma once
// The folder that stands in for the machine's own /sys, /proc and /dev (`--sysroot`).
#include <joulebook/result.h>

#include <string>

namespace joulebook {

// Whether there is such a folder; the empty root stands for the machine itself. Errors: usage "sysroot.missing".
[[nodiscard]] Status check_sysroot(const std::string& root);

}  // namespace joulebook
