#pragma once
// A day's items of all tasks by the route over tasks, against always using the general model.
//
//   route    sum over tasks of count x J an item of the rule's arm
//   general  the same of the general arm
//   ratio    sum of w_t r_t, with w_t the general day's share of task t and r_t the two arms' ratio over
//            items that both answered: what both share cancels in r_t. The w_t are taken as they are.
//
// Ends of intervals are added, not their squares: what is not known of the machine moves all tasks alike.
//
// Pure; thread-safe.
#include <joulebook/result.h>

#include <map>

#include "study/sizing/route.h"
#include "study/tasks/result.h"

namespace joulebook {

inline constexpr double kEachTask = 1000;

// `day`: items of each task; nothing: kEachTask of each. Tasks without joules on both sides are left
// out and named. Errors, kind usage: "route.kind" (no such task in `result`; the nearest named),
// "route.empty_day" (no item of any task that can be counted).
[[nodiscard]] Result<TasksDay> day_of(const TasksResult& result, const std::optional<Day>& day);

// "Always asking the general model takes 50 [33, 100] times the joules of sending each task to ...".
[[nodiscard]] std::string sentence_of(const TasksDay& day);

}  // namespace joulebook
