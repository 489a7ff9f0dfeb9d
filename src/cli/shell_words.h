#pragma once
// One line as the words of a command, without a shell.
#include <joulebook/result.h>

#include <string>
#include <string_view>
#include <vector>

namespace joulebook {

// Words are parted by blanks; '...' and "..." hold blanks, and a backslash takes the next character
// as it is (inside "..." only before \ and "), as in POSIX's shell, which nothing else is taken
// from. Errors: usage "command.quote" (one is left open), "run.no_command" (no word).
[[nodiscard]] Result<std::vector<std::string>> shell_words(std::string_view line);

}  // namespace joulebook
