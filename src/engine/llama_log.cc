#include "engine/llama_log.h"

#include <llama.h>

#include <deque>
#include <mutex>
#include <vector>

#include "core/text.h"

namespace joulebook {
namespace {

constexpr std::size_t kKeptLines = 4;

struct Log {
  std::mutex mutex;
  std::deque<std::string> lines;
};

Log& the_log() {
  static Log log;
  return log;
}

void keep(ggml_log_level level, const char* text, void*) {
  if (level < GGML_LOG_LEVEL_WARN || level == GGML_LOG_LEVEL_CONT) return;
  const auto line = trim(text);
  if (line.empty()) return;
  Log& log = the_log();
  const std::lock_guard lock(log.mutex);
  log.lines.emplace_back(line);
  if (log.lines.size() > kKeptLines) log.lines.pop_front();
}

}  // namespace

void quiet_llama_log() {
  static std::once_flag once;
  std::call_once(once, [] { llama_log_set(keep, nullptr); });
}

void clear_llama_log() {
  const std::lock_guard lock(the_log().mutex);
  the_log().lines.clear();
}

std::string llama_complaints() {
  const std::lock_guard lock(the_log().mutex);
  const std::vector<std::string> lines(the_log().lines.begin(), the_log().lines.end());
  return join(lines, "; ");
}

}  // namespace joulebook
