#pragma once
// A command that a task needs beforehand: it makes data, or trains. Ended with all that it started
// where it is late. Blocks; not measured here.
#include <joulebook/result.h>

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "study/tasks/task.h"

namespace joulebook {

struct StepLimits {
  double seconds = 120;
  std::string directory;                      // where it runs; empty: here
  const std::atomic<bool>* cancel = nullptr;  // true: ended; may be null
};

struct StepDone {
  SteadyTime begin;
  SteadyTime end;
  double cpu_seconds = 0;
  std::int64_t peak_memory_bytes = 0;  // of the program; 0: not seen
};

// Errors: input "task.missing" (no such program); resource "task.start"; engine "task.step" (its exit
// code or signal), "task.late"; interrupted "task.cancelled". Each with the last line that it wrote.
[[nodiscard]] Result<StepDone> run_step(const std::vector<std::string>& argv, const StepLimits& limits);

// The first of these that is not there, with what would bring it: code "task.needs".
[[nodiscard]] std::optional<Error> first_missing(const std::vector<TaskNeed>& needs,
                                                 const std::string& folder);

}  // namespace joulebook
