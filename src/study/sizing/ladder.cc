#include "study/sizing/ladder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "core/or_null.h"
#include "study/arm_result.h"
#include "study/bought.h"
#include "study/student.h"

namespace joulebook {
namespace {

constexpr double kAlpha = 1 - kStudyLevel;

// Whether b is the next step after a.
bool next_step(const ArmSpec& a, const ArmSpec& b) {
  const bool effort = a.effort && b.effort && a.effort != b.effort;
  const bool budget = a.think_budget && b.think_budget && a.think_budget != b.think_budget;
  return effort != budget && a.model == b.model && a.mode == b.mode && a.system == b.system &&
         a.reasoning == b.reasoning && a.engine.model_name == b.engine.model_name;
}

double half_width(double variance, double df) {
  return student_quantile(1 - kAlpha / 2, df) * std::sqrt(variance);
}

// J per response that b takes more than a.
Quantity more_joules(const SplitArm& a, const SplitArm& b, std::span<const std::size_t> prompts,
                     bool alike) {
  const auto total = [&](const SplitArm& arm) {
    Quantity q = total_reading(*arm.trials, prompts, [&](const TrialRecord& t) {
      return compared_energy(t, arm.name, alike);
    });
    if (q.present()) q.own = {*q.value, *q.value};
    return q;
  };
  Quantity q = difference(total(b), total(a));
  if (!q.present()) return q;
  const auto signed_energy = [&](const SplitArm& arm, double sign) {
    return gather(*arm.trials, prompts,
                  [=](const TrialRecord& t) { return sign * energy_joules(t); });
  };
  const std::array both = {signed_energy(a, -1), signed_energy(b, 1)};
  const auto variance = variance_of_sum(both);
  const double half = variance ? half_width(variance->value, variance->df)
                               : std::numeric_limits<double>::infinity();
  q.level = kStudyLevel;
  q.own = {q.own.lo - half, q.own.hi + half};
  const double n = static_cast<double>(prompts.size());
  const double value = *q.value / n;
  q.own = {q.own.lo / n, q.own.hi / n};
  q.value = value;
  q.per = "response";
  return q;
}

void gain_of(LadderStep& step, const ArmTrials& a, const ArmTrials& b, const StudySpec& spec,
             std::span<const std::size_t> prompts) {
  const auto checked = checkable_of(b, spec, checkable_of(a, spec, prompts));
  if (checked.empty()) return;
  const Ragged before = gather(a, checked, correctness);
  const Ragged after = gather(b, checked, correctness);
  std::vector<double> gains;
  for (std::size_t p = 0; p < checked.size(); ++p) {
    gains.push_back(after.mean_of(p) - before.mean_of(p));
  }
  const double n = static_cast<double>(gains.size());
  step.gain = std::accumulate(gains.begin(), gains.end(), 0.0) / n;
  double squares = 0;
  for (const double g : gains) squares += (g - *step.gain) * (g - *step.gain);
  if (gains.size() < 2 || squares <= 0) return;  // all alike: nothing says how others would differ
  const double half = half_width(squares / (n - 1) / n, n - 1);
  step.gain_interval = {std::max(-1.0, *step.gain - half), std::min(1.0, *step.gain + half)};
}

LadderStep step_of(const StudyResult& study, const std::vector<ArmTrials>& trials, std::size_t a) {
  LadderStep step;
  step.a = a;
  step.b = a + 1;
  const SplitArm lower{&trials[a], study.spec.arms[a].name};
  const SplitArm higher{&trials[a + 1], study.spec.arms[a + 1].name};
  const std::array both = {lower.trials, higher.trials};
  const auto prompts = complete_in(both);
  step.prompts = prompts.size();
  const bool alike = same_code(study.arms[a], study.arms[a + 1]);
  const int rounds = std::max(trials[a].rounds, trials[a + 1].rounds);
  const SplitOptions options{alike, these_alpha(study.spec.stopping, rounds)};
  const Bought gain = bought(lower, higher, study.spec, prompts, options);
  step.extra_correct = gain.extra_correct;
  step.j_per_extra_correct = gain.j_per_extra_correct;
  gain_of(step, trials[a], trials[a + 1], study.spec, prompts);
  const auto unmetered = lower.trials->unmetered ? lower.trials->unmetered : higher.trials->unmetered;
  if (unmetered) {
    step.more_joules = Quantity::absent("J", *unmetered);
  } else if (prompts.empty()) {
    step.more_joules = Quantity::absent(
        "J", {"study.incomplete", "no prompt was answered by both", "resume it"});
  } else {
    step.more_joules = more_joules(lower, higher, prompts, alike);
  }
  return step;
}

}  // namespace

std::vector<LadderStep> ladder_of(const StudyResult& study) {
  std::vector<LadderStep> steps;
  if (study.arms.size() != study.spec.arms.size()) return steps;
  const auto trials = group_trials(study.spec, study.trials);
  for (std::size_t a = 0; a + 1 < trials.size(); ++a) {
    if (next_step(study.spec.arms[a], study.spec.arms[a + 1])) {
      steps.push_back(step_of(study, trials, a));
    }
  }
  return steps;
}

Json to_json(const std::vector<LadderStep>& steps, const StudyResult& study) {
  Json out = Json::array();
  for (const auto& step : steps) {
    Json item = Json::object({{"from", study.spec.arms[step.a].name},
                              {"to", study.spec.arms[step.b].name},
                              {"prompts", static_cast<std::int64_t>(step.prompts)}});
    item.set("more_joules", to_json(step.more_joules));
    item.set("gain", or_null(step.gain));
    item.set("gain_interval", step.gain_interval
                                  ? Json::array({step.gain_interval->lo, step.gain_interval->hi})
                                  : Json());
    item.set("extra_correct", step.extra_correct);
    out.push(item.set("j_per_extra_correct", to_json(step.j_per_extra_correct)));
  }
  return out;
}

}  // namespace joulebook
