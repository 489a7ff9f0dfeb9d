#include "study/bought.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "study/arm_result.h"
#include "study/student.h"

namespace joulebook {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Shares of correct answers are multiples of 1 / repeats: anything below this is rounding.
constexpr double kNothing = 1e-9;

// Prompts checked in both arms.
std::vector<std::size_t> checked_in_both(const SplitArm& a, const SplitArm& b,
                                         const StudySpec& spec,
                                         std::span<const std::size_t> prompts) {
  return checkable_of(*b.trials, spec, checkable_of(*a.trials, spec, prompts));
}

// Both arms' values of  e x energy + c x correct, the first arm's with its sign turned.
std::array<Ragged, 2> mixture(const SplitArm& a, const SplitArm& b,
                              std::span<const std::size_t> prompts, double e, double c) {
  const auto of = [&](const SplitArm& arm, double sign) {
    return gather(*arm.trials, prompts, [=](const TrialRecord& t) {
      return sign * (e * energy_joules(t) + c * correctness(t));
    });
  };
  return {of(a, -1), of(b, 1)};
}

// The values v with (d - v x)^2 <= t^2 Var(d - v x) that reach from d / x, cut at 0.
Interval fieller(double d, double x, double var_d, double var_x, double cov, double t) {
  const double a = x * x - t * t * var_x;
  const double b = d * x - t * t * cov;
  const double c = d * d - t * t * var_d;
  const double root = b * b - a * c;
  if (root < 0) return {0, kInfinity};
  const double ratio = d / x;
  if (a <= 0) {
    const double lo = a < 0 ? (b - std::sqrt(root)) / a : c / (2 * b);
    const double other = a < 0 ? (b + std::sqrt(root)) / a : lo;
    const double edge = std::max(lo, other) <= ratio ? std::max(lo, other) : std::min(lo, other);
    return {edge <= ratio ? std::max(0.0, edge) : 0, kInfinity};
  }
  return {std::max(0.0, (b - std::sqrt(root)) / a), (b + std::sqrt(root)) / a};
}

Interval own_interval(const SplitArm& a, const SplitArm& b, std::span<const std::size_t> prompts,
                      double d, double x, double alpha) {
  const double v = d / x;
  const auto var_d = variance_of_sum(mixture(a, b, prompts, 1, 0));
  const auto var_x = variance_of_sum(mixture(a, b, prompts, 0, 1));
  const auto both = variance_of_sum(mixture(a, b, prompts, 1, -v));
  if (!var_d || !var_x || !both) return {0, kInfinity};
  const double cov = (var_d->value + v * v * var_x->value - both->value) / (2 * v);
  return fieller(d, x, var_d->value, var_x->value, cov, student_quantile(1 - alpha / 2, both->df));
}

Quantity nothing(std::string code, std::string message, std::string cure = {}) {
  Quantity q = Quantity::absent("J", {std::move(code), std::move(message), std::move(cure)});
  q.per = "extra correct answer";
  return q;
}

// Energy of the arm without an own part: the study's intervals take its place.
Quantity bare_energy(const SplitArm& arm, std::span<const std::size_t> prompts, bool same_code) {
  const Reading reading = [&](const TrialRecord& t) {
    return compared_energy(t, arm.name, same_code);
  };
  Quantity q = total_reading(*arm.trials, prompts, reading);
  if (q.present()) q.own = {*q.value, *q.value};
  return q;
}

Quantity price(const SplitArm& a, const SplitArm& b, std::span<const std::size_t> prompts,
               const SplitOptions& options, double extra) {
  Quantity more = difference(bare_energy(b, prompts, options.same_code),
                             bare_energy(a, prompts, options.same_code));
  const double d = *more.value;
  if (d <= 0) return nothing("bought.free", "more answers were correct for less energy");
  // What difference() could not say as a factor it left in the own part: kept beside the scatter.
  const double down = (d - more.own.lo) / extra;
  const double up = (more.own.hi - d) / extra;
  Quantity out = scaled(more, 1 / extra, "extra correct answer");
  const Interval own = own_interval(a, b, prompts, d, extra, options.alpha);
  const double v = *out.value;
  out.level = kStudyLevel;
  out.own = {std::max(0.0, v - std::hypot(v - own.lo, down)), v + std::hypot(own.hi - v, up)};
  return out;
}

}  // namespace

Bought bought(const SplitArm& a, const SplitArm& b, const StudySpec& spec,
              std::span<const std::size_t> prompts, const SplitOptions& options) {
  Bought out;
  const auto checked = checked_in_both(a, b, spec, prompts);
  if (checked.empty()) {
    out.j_per_extra_correct =
        nothing("correct.unchecked", "no answer could be checked", "give the prompts checkers");
    return out;
  }
  out.extra_correct = gather(*b.trials, checked, correctness).total() -
                      gather(*a.trials, checked, correctness).total();
  if (std::abs(out.extra_correct) < kNothing) out.extra_correct = 0;
  if (out.extra_correct <= 0) {
    out.j_per_extra_correct = nothing("bought.nothing", "no answer more was correct");
  } else if (a.trials->unmetered || b.trials->unmetered) {
    const Reason& why = *(a.trials->unmetered ? a.trials->unmetered : b.trials->unmetered);
    out.j_per_extra_correct = nothing(why.code, why.message, why.cure);
  } else {
    out.j_per_extra_correct = price(a, b, checked, options, out.extra_correct);
  }
  return out;
}

}  // namespace joulebook
