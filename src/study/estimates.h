#pragma once
// From trials to figures with their two intervals.
//
// Repeats are averaged within a prompt and totals are sums over prompts. A trial is *usable* when
// it has no error, was not cancelled and has an energy (the last only where any trial of its arm
// has one: an arm without a meter still has tokens). A trial that *failed* is a wrong answer without
// tokens whose joules and seconds were spent: it counts beside the usable ones of an arm that
// answered anything at all; an arm that never answered has no figures. A prompt is *complete* in an
// arm with at least one trial that counts.
//
// These prompts (Estimate::these.own): t interval on the logarithm from variance_these. The meter's
// own error of a trial is part of the scatter of its repeats, so it is not added to it; where the
// scatter is smaller than the meters' own errors alone (in quadrature over trials), those take its
// place. Where the stopping rule may have stopped early, 1.5 of the five per cent are spent on its
// looks (docs/statistics.md shows the coverage). Where no prompt was repeated the
// interval is [0, infinity): nothing says how far a repeat would differ.
// Prompts like these (Estimate::alike): t interval on the logarithm from variance_alike, widened by
// the shared parts, so that it is the whole interval.
//
// Pure functions.
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "study/records.h"
#include "study/resample.h"

namespace joulebook {

// The level of every interval of a study.
inline constexpr double kStudyLevel = 0.95;

// Trials of one arm that count, by prompt.
struct ArmTrials {
  std::vector<std::vector<const TrialRecord*>> by_prompt;
  std::int64_t usable = 0;
  std::int64_t failed = 0;
  std::int64_t censored = 0;        // usable and cut at the token limit
  int rounds = 0;                   // of its usable trials: highest round + 1
  std::int64_t unread = 0;          // answered, but without a reading where others have one
  std::optional<Reason> unmetered;  // why no trial at all has an energy

  [[nodiscard]] bool complete(std::size_t prompt) const { return !by_prompt[prompt].empty(); }
};

// One entry an arm of the spec. Trials that point outside the spec are left out. The result points
// into `trials`.
[[nodiscard]] std::vector<ArmTrials> group_trials(const StudySpec& spec,
                                                  std::span<const TrialRecord> trials);

// Prompts complete in all of the arms named, in order.
[[nodiscard]] std::vector<std::size_t> complete_in(std::span<const ArmTrials* const> arms);

using Measure = std::function<double(const TrialRecord&)>;
using Reading = std::function<Quantity(const TrialRecord&)>;

[[nodiscard]] double output_tokens(const TrialRecord& trial);
[[nodiscard]] double energy_joules(const TrialRecord& trial);  // REQUIRES: present

// One measure over some prompts of an arm. REQUIRES: every prompt complete.
[[nodiscard]] Ragged gather(const ArmTrials& arm, std::span<const std::size_t> prompts,
                            const Measure& measure);

// Sum over prompts of the mean reading; shared parts go along; own is not that of a study yet.
[[nodiscard]] Quantity total_reading(const ArmTrials& arm, std::span<const std::size_t> prompts,
                                     const Reading& reading);

// Relative variance of that total from the meters' own errors alone, independent between trials.
[[nodiscard]] double meter_variance(const ArmTrials& arm, std::span<const std::size_t> prompts,
                                    const Reading& reading);

// The share of misses left for *these* intervals after `rounds`: a study that went all the way to
// max_rounds was not stopped by what was seen, so nothing is spent on looks.
[[nodiscard]] double these_alpha(const StoppingSpec& stopping, int rounds);

// Gives `base` its two intervals. `sides` is the log ratio whose value it is.
[[nodiscard]] Estimate estimate(Quantity base, std::span<const Side> sides, double meter_variance,
                                double alpha);
// The same about an absence.
[[nodiscard]] Estimate absent_estimate(std::string unit, std::string per, Reason reason,
                                       std::optional<double> known_lo = std::nullopt);

// The figure with one interval, for prompts like these, shared parts inside; where that can't be said,
// with the one for these prompts.
[[nodiscard]] Quantity for_prompts_like(const Estimate& estimate);

// exp(t sd): by how much a log ratio may be off, as a factor >= 1; infinite without a variance.
[[nodiscard]] double spread_factor(const std::optional<Variance>& variance, double alpha);
// [value / factor, value x factor]; [0, unbounded) for an infinite one.
[[nodiscard]] Interval around(double value, double factor);

}  // namespace joulebook
