#pragma once
// One talk with a program: what it is told goes out while what it says comes in, so that neither
// side waits for the other; its standard error is read along. Not thread-safe.
#include <atomic>
#include <optional>
#include <string>
#include <string_view>

#include "core/subprocess.h"

namespace joulebook {

struct ExchangeLimits {
  SteadyTime until;                            // no later than that
  std::size_t most = 0;                        // bytes of output
  const std::atomic<bool>* cancel = nullptr;   // looked at at least every 50 ms; may be null
};

enum class ExchangeEnd {
  done,       // all of it: the line, or the end of the output
  ended,      // the program ended before its line
  late,       // the time limit
  flood,      // more than `most` bytes
  cancelled,
};

struct ExchangeResult {
  ExchangeEnd end = ExchangeEnd::done;
  std::string output;               // at most `most` bytes; a line without its end
  std::string rest;                 // of a line: what came behind it unasked
  std::optional<SteadyTime> first;  // when the first byte came
};

// Sends `input`, shuts the program's standard input, and reads to the end of its output. Where the
// program has ended but a child of its own keeps the output open, what came by then is all.
[[nodiscard]] ExchangeResult exchange_whole(Subprocess& program, std::string_view input,
                                            const ExchangeLimits& limits);
// Waits for the end of a program whose output has ended: it may shut its output and go on, and its
// work is not done before it ends. Where it does not within the limits, `got` says why.
void await_end(const Subprocess& program, const ExchangeLimits& limits, ExchangeResult& got);
// Sends `input` and reads one line.
[[nodiscard]] ExchangeResult exchange_line(Subprocess& program, std::string_view input,
                                           const ExchangeLimits& limits);
// What lies in its output unread, without waiting; at most 64 KiB.
[[nodiscard]] std::string unread(Subprocess& program);

}  // namespace joulebook
