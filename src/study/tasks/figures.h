#pragma once
// From a study's result to a task's row. Pure; thread-safe.
//
// Intervals are for items like these, where at least three items tell how much items differ
// (estimates.h), else for these very items; the share correct has Wilson's. The instructions' mix and
// the like are inside of them. Break-even is account's (life.h): training and the joules of an answer
// drawn as lognormal with these intervals.
#include <vector>

#include "account/factors/factors.h"
#include "study/records.h"
#include "study/tasks/result.h"

namespace joulebook {

// What a row is made of beside the study.
struct FigureInput {
  const TaskSpec& task;
  const StudyResult& study;           // of the arms that ran, by name
  const std::vector<Trained>& trained;
  const account::Factor& grid;        // kgCO2e/J
  std::uint64_t seed = 1;             // of break-even's draws
};

// Fills arms (those that ran; others keep what they have), ratios, items_run and rounds of `row`.
// REQUIRES: row.arms are task.arms.
void fill_figures(TaskResult& row, const FigureInput& input);

// The 2023 study's kind. Errors: input "recipe.rows" (no such kind).
[[nodiscard]] Result<PublishedKind> published_kind(const std::string& kind);

// An arm, or all of a task's, that did not run.
void set_absent(TaskArmResult& arm, const Error& why);
void set_absent(TaskResult& task, const Error& why);

}  // namespace joulebook
