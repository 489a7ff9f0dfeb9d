#include "study/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "study/arm_result.h"
#include "study/bought.h"
#include "study/sentence.h"
#include "study/split.h"

namespace joulebook {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Arms that answered anything at all.
std::vector<const ArmTrials*> answering(const std::vector<ArmTrials>& arms) {
  std::vector<const ArmTrials*> out;
  for (const auto& arm : arms) {
    if (arm.usable > 0) out.push_back(&arm);
  }
  return out;
}

void fill_arms(StudyResult& study, const std::vector<ArmTrials>& trials) {
  const auto prompts = complete_in(answering(trials));
  study.arms.resize(study.spec.arms.size());
  for (std::size_t i = 0; i < study.arms.size(); ++i) {
    ArmResult& arm = study.arms[i];
    arm.spec = study.spec.arms[i];
    const bool any = trials[i].usable > 0;
    fill_arm(arm, trials[i], study.spec, any ? prompts : std::vector<std::size_t>{});
    const std::string silence = "loaded: " + arm.engine.model;
    for (const auto& baseline : study.baselines) {
      if (baseline.what == silence && !arm.loaded_silent) arm.loaded_silent = baseline;
    }
  }
}

int rounds_of(const std::vector<ArmTrials>& arms) {
  int rounds = 0;
  for (const auto& arm : arms) rounds = std::max(rounds, arm.rounds);
  return rounds;
}

std::vector<std::string> kinds_of(const StudySpec& spec) {
  std::vector<std::string> kinds;
  for (const auto& prompt : spec.prompts) {
    if (std::find(kinds.begin(), kinds.end(), prompt.kind) == kinds.end()) {
      kinds.push_back(prompt.kind);
    }
  }
  return kinds;
}

// Two arms, their trials and the rule between them.
struct Pair {
  const StudySpec& spec;
  SplitArm a;
  SplitArm b;
  SplitOptions options;

  [[nodiscard]] Split split(std::span<const std::size_t> prompts) const {
    return split_ratio(a, b, prompts, options);
  }
  [[nodiscard]] Bought bought_on(std::span<const std::size_t> prompts) const {
    return bought(a, b, spec, prompts, options);
  }
};

KindResult kind_result(const Pair& pair, const std::string& kind,
                       std::span<const std::size_t> prompts) {
  std::vector<std::size_t> mine;
  for (const std::size_t p : prompts) {
    if (pair.spec.prompts[p].kind == kind) mine.push_back(p);
  }
  const Bought gain = pair.bought_on(mine);
  return {kind, mine.size(), pair.split(mine), gain.extra_correct, gain.j_per_extra_correct};
}

Pair pair_of(const StudyResult& study, const std::vector<ArmTrials>& trials, std::size_t a,
             std::size_t b) {
  const SplitOptions options{same_code(study.arms[a], study.arms[b]),
                             these_alpha(study.spec.stopping, rounds_of(trials))};
  return {study.spec,
          {&trials[a], study.spec.arms[a].name},
          {&trials[b], study.spec.arms[b].name},
          options};
}

Comparison compare(const StudyResult& study, const std::vector<ArmTrials>& trials, std::size_t b) {
  const Pair pair = pair_of(study, trials, 0, b);
  const std::array both = {pair.a.trials, pair.b.trials};
  const auto prompts = complete_in(both);
  const Bought gain = pair.bought_on(prompts);
  Comparison out;
  out.a = 0;
  out.b = b;
  out.prompts = prompts.size();
  out.split = pair.split(prompts);
  out.extra_correct = gain.extra_correct;
  out.j_per_extra_correct = gain.j_per_extra_correct;
  for (const auto& kind : kinds_of(study.spec)) {
    out.kinds.push_back(kind_result(pair, kind, prompts));
  }
  out.censored = censored_share(study.arms[0]) > study.censored_limit ||
                 censored_share(study.arms[b]) > study.censored_limit;
  return out;
}

const Baseline* find_baseline(const StudyResult& study, std::string_view what) {
  for (const auto& baseline : study.baselines) {
    if (baseline.what == what) return &baseline;
  }
  return nullptr;
}

void fill_drift(StudyResult& study) {
  const Baseline* before = find_baseline(study, "bare before");
  const Baseline* after = find_baseline(study, "bare after");
  if (before != nullptr && after != nullptr) {
    study.drift = relative_change(before->power, after->power);
  } else {
    study.drift = Quantity::absent("1", {"baseline.missing", "silence was not measured twice",
                                         "let the study run to its end"});
  }
}

void warn(StudyResult& study, std::string text) {
  auto& all = study.warnings;
  if (std::find(all.begin(), all.end(), text) == all.end()) all.push_back(std::move(text));
}

// Warnings carry counts that grow while a study runs: those of an earlier call are taken back.
void drop_warnings_of(StudyResult& study, const std::string& prefix) {
  std::erase_if(study.warnings, [&](const std::string& w) { return w.starts_with(prefix); });
}

void fill_warnings(StudyResult& study, const std::vector<ArmTrials>& trials) {
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const ArmResult& arm = study.arms[i];
    const std::string prefix = arm.spec.name + ": ";
    drop_warnings_of(study, prefix);
    const double share = censored_share(arm);
    if (share > study.censored_limit) {
      warn(study, fmt::format("{}{:.1f} % of its answers were cut at {} tokens", prefix,
                              100 * share, arm.spec.max_tokens));
    }
    if (trials[i].unread > 0) {
      warn(study, fmt::format("{}{} answers had no energy reading and were left out", prefix,
                              trials[i].unread));
    }
    if (arm.failed > 0) warn(study, fmt::format("{}{} trials failed", prefix, arm.failed));
  }
}

double half_width(const Quantity& q) {
  if (!q.present() || !(*q.value > 0) || !std::isfinite(q.own.hi)) return kInfinity;
  return (q.own.hi - q.own.lo) / 2 / *q.value;
}

double ratio_half_width(const Split& split) {
  return half_width(split.energy.these.present() ? split.energy.these : split.longer.these);
}

// One arm: there is no ratio, so the mean energy itself is looked at.
double single_half_width(const StudySpec& spec, const ArmTrials& trials,
                         std::span<const std::size_t> prompts) {
  if (prompts.empty()) return kInfinity;
  const bool metered = !trials.unmetered;
  const Ragged sums = gather(trials, prompts, metered ? energy_joules : output_tokens);
  if (!(sums.total() > 0)) return kInfinity;
  const std::array sides = {Side{{{&sums, 1}}}};
  const auto energy = [](const TrialRecord& t) { return t.energy; };
  const double meter = metered ? meter_variance(trials, prompts, energy) : 0;
  return half_width(estimate(Quantity::exact(sums.total(), "J"), sides, meter,
                             these_alpha(spec.stopping, trials.rounds))
                        .these);
}

}  // namespace

Split split_between(const StudyResult& study, std::size_t a, std::size_t b) {
  const auto trials = group_trials(study.spec, study.trials);
  const Pair pair = pair_of(study, trials, a, b);
  const std::array both = {pair.a.trials, pair.b.trials};
  return pair.split(complete_in(both));
}

double censored_share(const ArmResult& arm) {
  if (arm.trials == 0) return 0;
  return static_cast<double>(arm.censored) / static_cast<double>(arm.trials);
}

Quantity relative_change(const Quantity& before, const Quantity& after) {
  Quantity out = ratio(after, before);
  if (!out.present()) return out;
  const Interval whole = out.interval();
  out.shared.clear();
  out.value = *out.value - 1;
  out.own = {whole.lo - 1, whole.hi - 1};
  return out;
}

double widest_half_width(const StudySpec& spec, std::span<const TrialRecord> trials) {
  const auto arms = group_trials(spec, trials);
  if (arms.empty()) return kInfinity;
  const SplitOptions options{false, these_alpha(spec.stopping, rounds_of(arms))};
  const SplitArm first{arms.data(), spec.arms[0].name};
  if (arms.size() == 1) {
    const std::array only = {first.trials};
    return single_half_width(spec, arms[0], complete_in(only));
  }
  double widest = 0;
  for (std::size_t b = 1; b < arms.size(); ++b) {
    const std::array both = {first.trials, &arms[b]};
    const SplitArm other{&arms[b], spec.arms[b].name};
    const Split split = split_ratio(first, other, complete_in(both), options);
    widest = std::max(widest, ratio_half_width(split));
  }
  return widest;
}

void analyse(StudyResult& study) {
  const auto trials = group_trials(study.spec, study.trials);
  fill_arms(study, trials);
  fill_drift(study);
  fill_warnings(study, trials);
  study.comparisons.clear();
  for (std::size_t b = 1; b < trials.size(); ++b) {
    study.comparisons.push_back(compare(study, trials, b));
    study.comparisons.back().sentence = comparison_sentence(study, study.comparisons.back());
  }
  study.sentence = study_sentence(study);
}

}  // namespace joulebook
