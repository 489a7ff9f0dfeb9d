#pragma once
// What libllama says is kept in a small ring instead of on standard error; an error's message
// quotes its last complaints. The library's log is one for the process, and so is this.
#include <string>

namespace joulebook {

// Takes the log over. Cheap to call again. Thread-safe, like all here.
void quiet_llama_log();
// Forgets what was said so far.
void clear_llama_log();
// The last warnings and errors in one line, oldest first; empty where there were none.
[[nodiscard]] std::string llama_complaints();

}  // namespace joulebook
