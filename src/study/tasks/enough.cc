#include "study/tasks/enough.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "study/comparison.h"
#include "study/estimates.h"
#include "study/rng.h"
#include "study/sizing/route.h"
#include "study/sizing/sizing.h"
#include "study/student.h"

namespace joulebook {
namespace {

// The general way to do the task: the first general arm that is judged, else the first that ran.
std::string general_of(const TaskResult& row) {
  std::string first;
  for (const auto& arm : row.arms) {
    if (arm.absent || arm.arm.role != ArmRole::general || !arm.energy.present()) continue;
    if (arm.arm.cost_only.empty()) return arm.arm.name;
    if (first.empty()) first = arm.arm.name;
  }
  return first;
}

std::size_t place_of(const StudyResult& study, const std::string& name) {
  return static_cast<std::size_t>(std::ranges::find(study.spec.arms, name, &ArmSpec::name) -
                                  study.spec.arms.begin());
}

// Inside of its interval there is no part that another task's ratio shares.
Quantity over(const StudyResult& study, const std::string& arm, const std::string& general) {
  if (general.empty()) {
    return Quantity::absent("1", {"task.no_general", "no general arm ran", ""});
  }
  if (arm == general) {
    Quantity one = Quantity::exact(1, "1");
    one.tier = Tier::modelled;
    one.method = "it is the general arm";
    return one;
  }
  return for_prompts_like(
      split_between(study, place_of(study, general), place_of(study, arm)).energy);
}

struct Halves {
  std::vector<double> chosen;  // by arm of the study: share of the halves that chose it
  double joules = 0;           // a response, of the arm that the other half chose
};

// What is that sure on all items is this sure on half of them: a normal's deviation is by the root of n.
double on_a_half(double sure) {
  if (!(sure > 0 && sure < 1)) return sure;
  constexpr double kNormal = 1e7;  // degrees of freedom
  return student_cdf(student_quantile(sure, kNormal) / std::numbers::sqrt2, kNormal);
}

Halves halve(const Field& field, double least, std::uint64_t seed) {
  Halves out;
  const double sure = on_a_half(least);
  out.chosen.assign(field.trials.size(), 0);
  std::vector<std::size_t> order = field.prompts;
  Rng random(seed, 0);
  double sum = 0;
  int valued = 0;
  for (int split = 0; split < kSplits; ++split) {
    random.shuffle(std::span(order));
    const std::span<const std::size_t> all(order);
    const std::array halves = {all.first(all.size() / 2), all.subspan(all.size() / 2)};
    for (const int side : {0, 1}) {
      const auto& among = halves[static_cast<std::size_t>(side)];
      const std::size_t arm = pick_surely(field, among.empty() ? all : among, sure).arm;
      out.chosen[arm] += 0.5 / kSplits;
      const double joules = field.mean_joules(arm, halves[static_cast<std::size_t>(1 - side)]);
      if (!std::isfinite(joules)) continue;
      sum += joules;
      ++valued;
    }
  }
  out.joules = valued > 0 ? sum / valued : std::nan("");
  return out;
}

void mark_arms(TaskResult& row, const Fit& fit, const StudyResult& study) {
  for (const ArmFit& arm : fit.arms) {
    const auto at = std::ranges::find(row.arms, study.spec.arms[arm.arm].name,
                                      [](const TaskArmResult& a) { return a.arm.name; });
    if (at == row.arms.end()) continue;
    at->meets = arm.meets;
    at->confidence = arm.quality.confidence;
  }
}

void fill_route(TaskEnough& out, const Field& field, std::uint64_t seed) {
  const Pick best = pick_surely(field, field.prompts, out.least);
  const Halves halves = halve(field, out.least, seed);
  out.rule = field.name(best.arm);
  out.sufficient = best.sufficient;
  out.confidence = field.quality(best.arm, field.prompts).confidence;
  out.stable = halves.chosen[best.arm];
  if (std::isfinite(halves.joules)) out.cross_joules = halves.joules;
  out.joules = field.mean_joules(best.arm, field.prompts);
}

}  // namespace

void fill_enough(TaskResult& row, const StudyResult& study, const std::string& require, double sure,
                 std::uint64_t seed) {
  TaskEnough& out = row.enough.emplace();
  out.require = require;
  out.least = sure;
  out.general = general_of(row);
  out.to_general = Quantity::absent("1", {"task.unjudged", "no arm of it can be judged", ""});
  const auto requirement = parse_requirement(require);
  if (!requirement) {
    out.absent = requirement.error();
    return;
  }
  out.require = to_string(*requirement);
  SizingOptions options{.requirement = *requirement, .own_prompts = true};
  for (const auto& arm : row.arms) {
    if (!arm.arm.cost_only.empty()) options.cost_only.push_back(arm.arm.name);
  }
  const auto field = sizable(study, options);
  if (!field) {
    out.absent = field.error();
    return;
  }
  const Sizing sizing = size_field(*field, options);
  const Fit& fit = sizing.all;
  const auto name_of = [&](const std::optional<std::size_t>& at) {
    return at ? study.spec.arms[fit.arms[*at].arm].name : std::string();
  };
  out.cheapest = name_of(fit.cheapest);
  out.sure = name_of(fit.sure);
  out.best = name_of(fit.best);
  out.sentence = fit.sentence;
  mark_arms(row, fit, study);
  fill_route(out, *field, seed);
  out.to_general = over(study, out.rule, out.general);
}

}  // namespace joulebook
