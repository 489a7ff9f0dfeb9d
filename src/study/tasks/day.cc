#include "study/tasks/day.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"

namespace joulebook {
namespace {

const TaskArmResult* arm_named(const TaskResult& task, const std::string& name) {
  const auto at = std::ranges::find(task.arms, name, [](const auto& arm) { return arm.arm.name; });
  return at == task.arms.end() ? nullptr : &*at;
}

// Why a task is in no sum; nothing: it is.
std::optional<Error> unfit(const TaskResult& task) {
  if (task.absent) return task.absent;
  const auto no = [](std::string why) {
    return Error{ErrorKind::input, "task.no_route", std::move(why), ""};
  };
  if (!task.enough) return no("nothing is required of it");
  if (task.enough->absent) return task.enough->absent;
  if (task.enough->general.empty()) return no("no general arm ran");
  for (const std::string& name : {task.enough->rule, task.enough->general}) {
    const TaskArmResult* arm = arm_named(task, name);
    if (arm == nullptr || !arm->energy.present()) return no(name + " has no joules");
  }
  if (!task.enough->to_general.present()) return no("no item was answered by both arms");
  return std::nullopt;
}

std::string times(double value) {
  return value >= 100 ? fmt::format("{:.0f}", value) : fmt::format("{:.3g}", value);
}

Status known_tasks(const TasksResult& result, const Day& day) {
  std::vector<std::string> names;
  for (const auto& task : result.tasks) names.push_back(task.name);
  for (const auto& [name, count] : day) {
    if (std::ranges::find(names, name) != names.end()) continue;
    const auto near = nearest(name, names);
    return fail(ErrorKind::usage, "route.kind", fmt::format("no task '{}' was asked for", name),
                near ? fmt::format("did you mean '{}'?", *near) : "one of: " + join(names, ", "));
  }
  return {};
}

// J a day of an arm.
Quantity a_day(const TaskResult& task, const std::string& name, double count) {
  return scaled(arm_named(task, name)->energy, count / kPerItems, "day");
}

Quantity with_ends_added(const std::vector<Quantity>& parts, std::string method) {
  Quantity q = sum(parts);
  if (!q.present()) return q;
  q.own = {0, 0};
  for (const Quantity& part : parts) {
    q.own.lo += part.interval().lo;
    q.own.hi += part.interval().hi;
  }
  q.shared.clear();
  q.method = std::move(method);
  return q;
}

struct Sums {
  std::vector<Quantity> route;
  std::vector<Quantity> general;
  std::vector<Quantity> ratios;
  double here = 0;
  double crossed = 0;
};

void add_task(Sums& sums, const TaskResult& task, double count) {
  sums.route.push_back(a_day(task, task.enough->rule, count));
  sums.general.push_back(a_day(task, task.enough->general, count));
  sums.ratios.push_back(task.enough->to_general);
  sums.here += count * task.enough->joules;
  sums.crossed += count * task.enough->cross_joules.value_or(task.enough->joules);
}

Quantity weighted_ratio(const Sums& sums) {
  double all = 0;
  for (const Quantity& q : sums.general) all += *q.value;
  std::vector<Quantity> parts;
  for (std::size_t i = 0; i < sums.ratios.size(); ++i) {
    parts.push_back(scaled(sums.ratios[i], *sums.general[i].value / all));
  }
  return with_ends_added(
      parts, "ratios over items that both arms answered, by the general day's share of each task");
}

}  // namespace

Result<TasksDay> day_of(const TasksResult& result, const std::optional<Day>& day) {
  if (day) {
    if (auto ok = known_tasks(result, *day); !ok) return fail(ok.error());
  }
  TasksDay out;
  out.stated = day.has_value();
  Sums sums;
  for (const auto& task : result.tasks) {
    const auto stated = day ? day->find(task.name) : Day::const_iterator{};
    if (day && (stated == day->end() || stated->second <= 0)) continue;
    if (auto why = unfit(task)) {
      out.left_out.emplace_back(task.name, std::move(*why));
      continue;
    }
    out.lines.push_back({task.name, day ? stated->second : kEachTask});
    add_task(sums, task, out.lines.back().count);
  }
  if (out.lines.empty()) {
    return fail(ErrorKind::usage, "route.empty_day", "the day brings no item of a task that can be counted",
                "give a task that ran, with a special and a general arm, a count: --day digits=300");
  }
  out.route = with_ends_added(sums.route, "each task's items by the arm of its rule; ends added");
  out.general = with_ends_added(sums.general, "each task's items by its general arm; ends added");
  out.ratio = weighted_ratio(sums);
  if (sums.crossed > 0) out.optimism = sums.here / sums.crossed - 1;
  return out;
}

std::string sentence_of(const TasksDay& day) {
  double count = 0;
  for (const auto& line : day.lines) count += line.count;
  const Interval whole = day.ratio.interval();
  const std::string sure = whole.lo > 0 && std::isfinite(whole.hi)
                               ? fmt::format(" [{}, {}]", times(1 / whole.hi), times(1 / whole.lo))
                               : " (how sure, more items would tell)";
  return fmt::format(
      "Always asking the general model takes {}{} times the joules of sending each task to the cheapest arm "
      "that is surely enough, else to the surest there is, in a day of {:.0f} items.",
      times(1 / *day.ratio.value), sure, count);
}

}  // namespace joulebook
