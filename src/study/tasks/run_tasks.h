#pragma once
// Runs tasks one after the other on one meter: what each needs is looked for, its data prepared, its
// arms trained, and its study run over a sample of its items that fits its share of the time. What
// can't run is a row with its reason; the others go on.
//
// The share: what is left of the budget, divided among the tasks that are left by what their files say
// that their items cost (`share`), so that what one does not use the next ones have. Special arms answer all items first, in half of it at most; the general ones as
// many as fit (sample.h). A quick run asks each item once, a full one twice.
//
// Not thread-safe. Blocks.
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "account/factors/factors.h"
#include "study/runner.h"
#include "study/sizing/route.h"
#include "study/tasks/result.h"

namespace joulebook {

// Seconds for all tasks together; the rest up to 2 and 15 minutes is for what a sample's last item
// takes beyond its time.
inline constexpr double kQuickBudget = 105;
inline constexpr double kFullBudget = 840;

struct TasksRequest {
  std::vector<std::string> folders;  // of tasks, in order
  TaskPlaces places;
  bool quick = false;
  bool train = false;                // anew, also where nothing has changed
  double budget_s = kFullBudget;
  std::uint64_t seed = 1;
  std::string require;               // what is enough; empty: what each task says
  double sure = kSure;               // the route's arm meets it with this confidence, where one does
  std::optional<Day> day;            // a day's items by task; nothing: kEachTask of each
  const account::Factor* grid = nullptr;  // kgCO2e/J; never null
};

struct TasksContext {
  StudyContext study;  // its `until`, `progress` and `resume` are not looked at
  // Who watches the study that is about to begin; may be empty, and give null.
  std::function<std::unique_ptr<Progress>(const StudySpec& spec)> watch;
  std::function<void(std::string_view)> tell;  // "digits: preparing"; may be empty
};

// Of `left` seconds, what the task `at` has among those from it on. REQUIRES: shares above 0; at < their number.
[[nodiscard]] double time_of(double left, std::span<const double> shares, std::size_t at);

// Never fails as a whole. Interrupted, it returns what was done with complete = false.
[[nodiscard]] TasksResult run_tasks(const TasksRequest& request, const TasksContext& context);

}  // namespace joulebook
