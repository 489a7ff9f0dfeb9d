#include "study/estimates.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "study/student.h"

namespace joulebook {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Half-width of a bound in standard deviations, taken as uniform; that of a 95 % interval is kNormal95.
constexpr double kUniform = 1.7320508075688772;
// Share of misses that the stopping rule's looks may use up.
constexpr double kSpentOnLooks = 0.015;
// An interval that would reach so many times further says nothing: it has no end.
constexpr double kSaysNothing = 1e6;

bool answered(const TrialRecord& trial) {
  return !trial.error && trial.finish != Finish::cancelled;
}

// Energies that may enter a logarithm.
bool read(const TrialRecord& trial) { return trial.energy.present() && *trial.energy.value > 0; }

Reason unread_reason(const TrialRecord& trial) {
  if (trial.energy.reason) return *trial.energy.reason;
  return {"reading.not_positive", "the meter saw no energy at all", "repeat it in a longer window"};
}

// Notes, arm by arm, whether any trial has an energy, and why not.
void find_unmetered(std::vector<ArmTrials>& arms, std::span<const TrialRecord> trials) {
  std::vector<bool> metered(arms.size(), false);
  for (const auto& t : trials) {
    if (t.arm >= arms.size() || !answered(t)) continue;
    if (read(t)) metered[t.arm] = true;
    if (!read(t) && !arms[t.arm].unmetered) arms[t.arm].unmetered = unread_reason(t);
  }
  for (std::size_t i = 0; i < arms.size(); ++i) {
    if (metered[i]) arms[i].unmetered.reset();
  }
}

// Its joules enter sums only, never a logarithm of their own: an end within the meter's resolution
// may have taken 0 J.
bool counts_as_wrong(const ArmTrials& arm, const TrialRecord& trial) {
  return trial.error && trial.finish != Finish::cancelled &&
         (arm.unmetered || trial.energy.present());
}

void add_trial(ArmTrials& arm, const TrialRecord& trial) {
  if (!answered(trial)) {
    ++arm.failed;
    if (!counts_as_wrong(arm, trial)) return;
    arm.rounds = std::max(arm.rounds, trial.round + 1);
    arm.by_prompt[trial.prompt].push_back(&trial);
  } else if (!arm.unmetered && !read(trial)) {
    ++arm.unread;
  } else {
    ++arm.usable;
    arm.rounds = std::max(arm.rounds, trial.round + 1);
    arm.censored += trial.finish == Finish::length ? 1 : 0;
    arm.by_prompt[trial.prompt].push_back(&trial);
  }
}

double own_variance(const Quantity& q) {
  const double half = (q.own.hi - q.own.lo) / 2;
  const double sd = half / (q.level >= 1 ? kUniform : kNormal95);
  return sd * sd;
}

// The larger of scatter and meter, never their sum: a trial's scatter holds its meter's error.
std::optional<Variance> with_meter(std::optional<Variance> scatter, double meter) {
  if (scatter && meter > scatter->value) return Variance{meter, kInfinity};
  return scatter;
}

}  // namespace

std::vector<ArmTrials> group_trials(const StudySpec& spec, std::span<const TrialRecord> trials) {
  std::vector<ArmTrials> arms(spec.arms.size());
  for (auto& arm : arms) arm.by_prompt.resize(spec.prompts.size());
  find_unmetered(arms, trials);
  for (const auto& trial : trials) {
    if (trial.arm >= arms.size() || trial.prompt >= spec.prompts.size()) continue;
    add_trial(arms[trial.arm], trial);
  }
  for (auto& arm : arms) {
    if (arm.usable > 0) continue;
    for (auto& of_prompt : arm.by_prompt) of_prompt.clear();
  }
  return arms;
}

std::vector<std::size_t> complete_in(std::span<const ArmTrials* const> arms) {
  std::vector<std::size_t> prompts;
  if (arms.empty()) return prompts;
  for (std::size_t p = 0; p < arms.front()->by_prompt.size(); ++p) {
    if (std::all_of(arms.begin(), arms.end(), [p](const auto* arm) { return arm->complete(p); })) {
      prompts.push_back(p);
    }
  }
  return prompts;
}

double output_tokens(const TrialRecord& trial) {
  return static_cast<double>(trial.output_tokens().count);
}

double energy_joules(const TrialRecord& trial) { return *trial.energy.value; }

Ragged gather(const ArmTrials& arm, std::span<const std::size_t> prompts, const Measure& measure) {
  Ragged out;
  for (const std::size_t p : prompts) {
    for (const auto* trial : arm.by_prompt[p]) out.values.push_back(measure(*trial));
    out.first.push_back(out.values.size());
  }
  return out;
}

Quantity total_reading(const ArmTrials& arm, std::span<const std::size_t> prompts,
                       const Reading& reading) {
  std::vector<Quantity> parts;
  for (const std::size_t p : prompts) {
    const auto& trials = arm.by_prompt[p];
    for (const auto* trial : trials) {
      parts.push_back(scaled(reading(*trial), 1.0 / static_cast<double>(trials.size())));
    }
  }
  return sum(parts);
}

double meter_variance(const ArmTrials& arm, std::span<const std::size_t> prompts,
                      const Reading& reading) {
  double variance = 0;
  double total = 0;
  for (const std::size_t p : prompts) {
    const auto& trials = arm.by_prompt[p];
    const double n = static_cast<double>(trials.size());
    for (const auto* trial : trials) {
      const Quantity q = reading(*trial);
      if (!q.present()) continue;
      variance += own_variance(q) / (n * n);
      total += *q.value / n;
    }
  }
  return total > 0 ? variance / (total * total) : 0;
}

double these_alpha(const StoppingSpec& stopping, int rounds) {
  const double misses = 1 - kStudyLevel;
  return rounds < stopping.max_rounds ? misses - kSpentOnLooks : misses;
}

double spread_factor(const std::optional<Variance>& variance, double alpha) {
  if (!variance || !std::isfinite(variance->value)) return kInfinity;
  if (variance->value <= 0) return 1;
  const double factor =
      std::exp(student_quantile(1 - alpha / 2, variance->df) * std::sqrt(variance->value));
  return factor < kSaysNothing ? factor : kInfinity;
}

Interval around(double value, double factor) {
  if (!std::isfinite(factor)) return {0, kInfinity};
  return {value / factor, value * factor};
}

Estimate estimate(Quantity base, std::span<const Side> sides, double meter_variance, double alpha) {
  Estimate out;
  const double value = *base.value;
  base.level = kStudyLevel;
  const auto alike = variance_alike(sides);
  if (alike) {
    base.own = around(value, spread_factor(alike, 1 - kStudyLevel));
    out.alike = base.interval();
  }
  base.own = around(value, spread_factor(with_meter(variance_these(sides), meter_variance), alpha));
  out.these = std::move(base);
  return out;
}

Quantity for_prompts_like(const Estimate& estimate) {
  Quantity q = estimate.these;
  if (!q.present()) return q;
  q.own = estimate.alike.value_or(q.interval());
  q.shared.clear();
  q.level = kStudyLevel;
  return q;
}

Estimate absent_estimate(std::string unit, std::string per, Reason reason,
                         std::optional<double> known_lo) {
  Estimate out;
  out.these = Quantity::absent(std::move(unit), std::move(reason), known_lo);
  out.these.per = std::move(per);
  return out;
}

}  // namespace joulebook
