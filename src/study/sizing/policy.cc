#include "study/sizing/policy.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "study/split.h"
#include "study/student.h"

namespace joulebook {
namespace {

constexpr double kAlpha = 1 - kStudyLevel;

// Variance of the sum of what each prompt adds, `part` by prompt of the study, prompts drawn again
// within their kind.
std::optional<Variance> stratified(const Field& field, const Mix& mix,
                                   std::span<const double> part,
                                   std::span<const std::size_t> prompts) {
  std::vector<std::vector<double>> groups(1);  // the first: kinds with one prompt
  for (std::size_t k = 0; k < field.kinds.size(); ++k) {
    std::vector<double> mine;
    for (const std::size_t p : field.of_kind(k, prompts)) {
      if (mix[p] > 0) mine.push_back(part[p]);
    }
    if (mine.size() == 1) groups.front().push_back(mine.front());
    if (mine.size() > 1) groups.push_back(std::move(mine));
  }
  if (groups.front().size() == 1 && groups.size() > 1) groups[1].push_back(groups.front().front());
  Ragged strata;
  for (auto& group : groups) {
    if (group.size() < 2) continue;
    const double m = static_cast<double>(group.size());
    for (double& x : group) x *= m;  // the stratum's mean is then its sum
    strata.add_prompt(group);
  }
  if (strata.prompts() == 0) return std::nullopt;
  return variance_of_sum(std::span(&strata, 1));
}

double expected_joules(const Field& field, const Policy& policy, std::size_t prompt) {
  double sum = 0;
  for (const std::size_t a : field.arms) sum += policy[a][prompt] * field.joules[a][prompt];
  return sum;
}

// The total with its shared errors, without an own interval.
Quantity bare_total(const Field& field, const Mix& mix, const Policy& policy) {
  std::vector<Quantity> parts;
  for (const std::size_t a : field.arms) {
    for (const std::size_t p : field.prompts) {
      const double weight = mix[p] * policy[a][p];
      if (weight <= 0) continue;
      const auto& trials = field.trials[a].by_prompt[p];
      for (const auto* trial : trials) {
        Quantity q = compared_energy(*trial, field.name(a), field.same_code);
        q.own = {*q.value, *q.value};
        parts.push_back(scaled(q, weight / static_cast<double>(trials.size())));
      }
    }
  }
  return sum(parts);
}

std::vector<double> by_prompt(const Field& field) {
  return std::vector<double>(field.study->spec.prompts.size(), 0.0);
}

// A share's interval about `value`.
std::optional<Interval> interval_about(double value, const std::optional<Variance>& variance) {
  if (!variance) return std::nullopt;
  const double half = student_quantile(1 - kAlpha / 2, variance->df) * std::sqrt(variance->value);
  return Interval{value - half, value + half};
}

// Prompts that the day asks and that are graded in every arm that a policy may send them to.
std::vector<std::size_t> graded_prompts(const Field& field, const Mix& mix,
                                        std::initializer_list<const Policy*> policies) {
  std::vector<std::size_t> out;
  for (const std::size_t p : field.prompts) {
    const bool all = std::ranges::all_of(field.arms, [&](std::size_t a) {
      const bool used = std::ranges::any_of(
          policies, [&](const Policy* policy) { return (*policy)[a][p] > 0; });
      return !used || field.value[a][p].has_value();
    });
    if (mix[p] > 0 && all) out.push_back(p);
  }
  return out;
}

double expected_grade(const Field& field, const Policy& policy, std::size_t prompt) {
  double sum = 0;
  for (const std::size_t a : field.arms) {
    if (policy[a][prompt] > 0) sum += policy[a][prompt] * *field.value[a][prompt];
  }
  return sum;
}

// Weighted mean of x over the prompts, with its interval.
template <class Of>
std::optional<Valued> weighted_mean(const Field& field, const Mix& mix,
                                    std::span<const std::size_t> prompts, const Of& x) {
  double weight = 0;
  double sum = 0;
  for (const std::size_t p : prompts) {
    weight += mix[p];
    sum += mix[p] * x(p);
  }
  if (!(weight > 0)) return std::nullopt;
  Valued out{sum / weight, std::nullopt};
  auto part = by_prompt(field);
  for (const std::size_t p : prompts) part[p] = mix[p] / weight * (x(p) - out.value);
  out.interval = interval_about(out.value, stratified(field, mix, part, prompts));
  return out;
}

}  // namespace

Policy send_by_kind(const Field& field, std::span<const std::size_t> arm_of) {
  Policy policy(field.trials.size(), by_prompt(field));
  for (const std::size_t p : field.prompts) policy[arm_of[field.kind_of[p]]][p] = 1;
  return policy;
}

Policy send_all_to(const Field& field, std::size_t arm) {
  return send_by_kind(field, std::vector<std::size_t>(field.kinds.size(), arm));
}

Quantity joules_of(const Field& field, const Mix& mix, const Policy& policy) {
  Quantity q = bare_total(field, mix, policy);
  if (!q.present() || *q.value <= 0) return q;
  auto part = by_prompt(field);
  for (const std::size_t p : field.prompts) {
    part[p] = mix[p] * expected_joules(field, policy, p) / *q.value;
  }
  q.level = kStudyLevel;
  q.own = around(*q.value, spread_factor(stratified(field, mix, part, field.prompts), kAlpha));
  q.per = "day";
  return q;
}

Quantity joules_ratio(const Field& field, const Mix& mix, const Policy& a, const Policy& b) {
  const Quantity above = bare_total(field, mix, a);
  const Quantity below = bare_total(field, mix, b);
  Quantity q = ratio(above, below);
  if (!q.present()) return q;
  auto part = by_prompt(field);
  for (const std::size_t p : field.prompts) {
    part[p] = mix[p] * (expected_joules(field, a, p) / *above.value -
                        expected_joules(field, b, p) / *below.value);
  }
  q.unit = std::string("1");
  q.per.clear();
  q.level = kStudyLevel;
  q.own = around(*q.value, spread_factor(stratified(field, mix, part, field.prompts), kAlpha));
  return q;
}

std::optional<Valued> grade_of(const Field& field, const Mix& mix, const Policy& policy) {
  const auto prompts = graded_prompts(field, mix, {&policy});
  auto out = weighted_mean(field, mix, prompts,
                           [&](std::size_t p) { return expected_grade(field, policy, p); });
  if (!out || !out->interval) return out;
  // All alike: nothing says how far others would differ.
  if (!(out->interval->hi > out->interval->lo)) out->interval.reset();
  if (!out->interval) return out;
  out->interval->lo = std::max(0.0, out->interval->lo);
  if (!less_is_better(field.requirement.measure)) {
    out->interval->hi = std::min(1.0, out->interval->hi);
  }
  return out;
}

std::optional<Valued> grade_difference(const Field& field, const Mix& mix, const Policy& a,
                                       const Policy& b) {
  const auto prompts = graded_prompts(field, mix, {&a, &b});
  return weighted_mean(field, mix, prompts, [&](std::size_t p) {
    return expected_grade(field, a, p) - expected_grade(field, b, p);
  });
}

}  // namespace joulebook
