#pragma once
// Where a program lies, as execvp would find it. Thread-safe as long as nobody sets PATH.
#include <string>

namespace joulebook {

// A name with a '/' is a path from `directory`; any other is looked for in PATH. Empty: there is
// none that may be executed.
[[nodiscard]] std::string find_program(const std::string& name, const std::string& directory = {});

}  // namespace joulebook
