#include "study/tasks/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "account/footprint/reckon.h"
#include "account/life/life.h"
#include "core/reason.h"
#include "study/arm_result.h"
#include "study/comparison.h"
#include "study/estimates.h"
#include "study/proportion.h"
#include "study/student.h"
#include "study/tasks/scale.h"

namespace joulebook {
namespace {

// What a table shows of an estimate: one interval, shared parts inside.
Quantity shown(const Estimate& e) {
  Quantity q = for_prompts_like(e);
  if (!q.present()) return q;
  q.method += e.alike ? "; interval for items like these" : "; interval for these very items";
  return q;
}

Quantity per_items(Quantity q) {
  q.per.clear();
  return scaled(q, kPerItems, std::string(kPerItemsName));
}

Reason cost_only(const TaskArm& arm) {
  return {"task.cost_only", "cost only: " + arm.cost_only, "put real weights there"};
}

Quantity share_correct(const ArmResult& arm) {
  if (arm.checkable == 0) {
    return Quantity::absent(
        "1", {"correct.unchecked", "no answer could be checked", "give the items checkers"});
  }
  const auto n = static_cast<double>(arm.checkable);
  Quantity q = Quantity::exact(arm.correct / n, "1");
  q.own = wilson(arm.correct, n, kStudyLevel);
  q.level = kStudyLevel;
  q.method = fmt::format("right of {} items; Wilson's score interval", arm.checkable);
  return q;
}

Quantity memory_of(const EngineInfo& engine) {
  if (engine.peak_memory_bytes <= 0) {
    return Quantity::absent("By", {"memory.unknown", "nobody saw how much memory it took",
                                   engine.local ? "it ended before it was looked at"
                                                : "it runs on another machine"});
  }
  Quantity q = Quantity::exact(static_cast<double>(engine.peak_memory_bytes), "By");
  q.method = engine.kind == "command"
                 ? "largest resident memory seen of the program and all that it started, added up at looks every 10 ms "
                   "or more (VmRSS), or of the largest one of them (VmHWM, rusage)"
                 : "largest resident memory of Joulebook's process, which holds the model (VmHWM)";
  return q;
}

// Its scale was looked at when the task was read.
void stand_for(TaskArmResult& row) {
  if (!row.arm.scale) return;
  if (auto scaled = scale_up(*row.arm.scale, row.energy)) row.scaled = std::move(*scaled);
}

void fill_arm_row(TaskArmResult& row, const ArmResult& arm, const FigureInput& input) {
  row.engine = arm.engine.kind;
  row.answered = arm.trials;
  row.failed = arm.failed;
  row.energy = per_items(shown(arm.j_per_response));
  row.carbon = account::times(row.energy, input.grid,
                              {"kgCO2e", row.energy.boundary, "energy times the grid's intensity"});
  if (arm.trials > 0) row.seconds = arm.seconds * kPerItems;
  row.memory = memory_of(arm.engine);
  const auto trained = std::ranges::find(input.trained, row.arm.name, &Trained::arm);
  if (trained != input.trained.end()) row.trained = *trained;
  stand_for(row);
  if (!row.arm.cost_only.empty()) {
    row.correct = Quantity::absent("1", cost_only(row.arm));
    row.j_per_correct = Quantity::absent("J", cost_only(row.arm));
    return;
  }
  row.checked = arm.checkable;
  row.correct = share_correct(arm);
  row.j_per_correct = shown(arm.j_per_correct);
}

// As life.h takes it: with the interval's two ends as those of a lognormal.
account::Distribution lognormal(const Quantity& q) {
  const Interval all = q.interval();
  const bool known = *q.value > 0 && all.lo > 0 && std::isfinite(all.hi) && all.hi > all.lo;
  if (!known) return account::Distribution::fixed(*q.value);
  account::Distribution out;
  out.kind = account::Distribution::Kind::lognormal;
  out.numbers = {*q.value, std::pow(all.hi / all.lo, 1 / (2 * kNormal95))};
  return out;
}

Quantity break_even(const TaskArmResult& special, const TaskArmResult& general,
                    std::uint64_t seed) {
  if (!special.trained) {
    return Quantity::absent("1", {"task.untrained", "nothing was trained for it", ""});
  }
  for (const Quantity* q : {&special.trained->energy, &special.energy, &general.energy}) {
    if (!q->present()) return Quantity::absent("1", q->reason.value_or(Reason{}));
  }
  const auto answer = [](const TaskArmResult& arm) {
    return lognormal(scaled(arm.energy, 1 / kPerItems));
  };
  const account::LifeModel one{special.arm.name,
                               {{"training", lognormal(special.trained->energy)}},
                               answer(special)};
  const account::LifeModel other{general.arm.name, {}, answer(general)};
  account::Service service;
  service.answers = account::Distribution::fixed(1);
  const auto life = account::life_of(one, service, other, {seed, 10'000});
  if (!life) return Quantity::absent("1", reason_of(life.error()));
  return life->break_even;
}

// How many items both answered.
std::int64_t common_items(const std::vector<ArmTrials>& trials, std::size_t a, std::size_t b) {
  const std::array both = {&trials[a], &trials[b]};
  return static_cast<std::int64_t>(complete_in(both).size());
}

void fill_ratios(TaskResult& row, const FigureInput& input, const std::vector<ArmTrials>& trials) {
  const auto& arms = input.study.spec.arms;
  const auto place_of = [&](const std::string& name) {
    return static_cast<std::size_t>(std::ranges::find(arms, name, &ArmSpec::name) - arms.begin());
  };
  for (const auto& special : row.arms) {
    if (special.arm.role != ArmRole::special || special.absent) continue;
    for (const auto& general : row.arms) {
      if (general.arm.role != ArmRole::general || general.absent) continue;
      const std::size_t a = place_of(special.arm.name);
      const std::size_t b = place_of(general.arm.name);
      row.ratios.push_back({special.arm.name, general.arm.name, common_items(trials, a, b),
                            shown(split_between(input.study, a, b).energy),
                            break_even(special, general, input.seed)});
    }
  }
}

// Over the items that the arm itself answered.
ArmResult own_result(const FigureInput& input, const std::vector<ArmTrials>& trials, std::size_t at) {
  ArmResult out = input.study.arms[at];
  const std::array only = {&trials[at]};
  fill_arm(out, trials[at], input.study.spec,
           trials[at].usable > 0 ? complete_in(only) : std::vector<std::size_t>{});
  return out;
}

std::int64_t items_of(const StudyResult& study, std::size_t arm) {
  std::set<std::size_t> asked;
  for (const auto& trial : study.trials) {
    if (trial.arm == arm) asked.insert(trial.prompt);
  }
  return static_cast<std::int64_t>(asked.size());
}

}  // namespace

void fill_figures(TaskResult& row, const FigureInput& input) {
  row.items_run = static_cast<std::int64_t>(input.study.spec.prompts.size());
  const auto trials = group_trials(input.study.spec, input.study.trials);
  for (const auto& trial : input.study.trials) row.rounds = std::max(row.rounds, trial.round + 1);
  for (auto& arm : row.arms) {
    const auto it = std::ranges::find(input.study.arms, arm.arm.name,
                                      [](const ArmResult& a) { return a.spec.name; });
    if (arm.absent || it == input.study.arms.end()) continue;
    const auto at = static_cast<std::size_t>(it - input.study.arms.begin());
    arm.items = items_of(input.study, at);
    fill_arm_row(arm, own_result(input, trials, at), input);
  }
  fill_ratios(row, input, trials);
}

void set_absent(TaskArmResult& arm, const Error& why) {
  arm.absent = why;
  const Reason reason = reason_of(why);
  arm.energy = Quantity::absent("J", reason);
  arm.carbon = Quantity::absent("kgCO2e", reason);
  arm.energy.per = arm.carbon.per = kPerItemsName;
  arm.correct = Quantity::absent("1", reason);
  arm.j_per_correct = Quantity::absent("J", reason);
  arm.memory = Quantity::absent("By", reason);
  stand_for(arm);
}

void set_absent(TaskResult& task, const Error& why) {
  task.absent = why;
  for (auto& arm : task.arms) {
    if (!arm.absent) set_absent(arm, why);
  }
}

}  // namespace joulebook
