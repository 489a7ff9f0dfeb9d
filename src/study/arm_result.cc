#include "study/arm_result.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "study/split.h"

namespace joulebook {
namespace {

// What every figure of one arm is made from.
struct Context {
  const ArmTrials& trials;
  std::span<const std::size_t> prompts;
  std::string name;
  double alpha;

  [[nodiscard]] double mean(const Measure& measure) const {
    return gather(trials, prompts, measure).total() / static_cast<double>(prompts.size());
  }
  [[nodiscard]] Quantity own_mix(Quantity q) const { return with_mix_of_arm(std::move(q), name); }
};

double count_of(Tokens tokens) { return static_cast<double>(tokens.count); }
double prompt_tokens(const TrialRecord& t) { return count_of(t.prompt_tokens); }
double reasoning_tokens(const TrialRecord& t) { return count_of(t.reasoning_tokens); }
double answer_tokens(const TrialRecord& t) { return count_of(t.answer_tokens); }
double total_tokens(const TrialRecord& t) { return output_tokens(t) + prompt_tokens(t); }
double words(const TrialRecord& t) { return static_cast<double>(t.words); }
double seconds(const TrialRecord& t) { return t.duration().count(); }
double one(const TrialRecord&) { return 1; }

double decode_seconds(const TrialRecord& t) {
  double sum = 0;
  for (const auto& [span, energy] : t.phases) {
    if (span.phase == Phase::reason || span.phase == Phase::answer) {
      sum += Seconds(span.end - span.begin).count();
    }
  }
  return sum;
}

// Energy of one phase of a trial; a phase that did not occur took none.
Quantity phase_energy(const TrialRecord& t, Phase phase) {
  std::vector<Quantity> parts;
  for (const auto& [span, energy] : t.phases) {
    if (span.phase == phase) parts.push_back(energy);
  }
  return parts.empty() ? Quantity::exact(0, "J") : sum(parts);
}

Reason nothing_below(const std::string& per) {
  if (!per.ends_with("token")) return {"ratio.undefined", "nothing to divide by: no " + per, ""};
  return {"tokens.none", "the arm gave no tokens", "of a program take a figure per response or correct answer"};
}

// sum of `reading` / sum of `measure`.
Estimate per_measure(const Context& c, const Reading& reading, const Measure& measure,
                     const std::string& per) {
  const Quantity total = total_reading(c.trials, c.prompts, reading);
  if (!total.present()) return absent_estimate("J", per, *total.reason, total.known_lo);
  const Ragged joules =
      gather(c.trials, c.prompts, [&](const TrialRecord& t) { return *reading(t).value; });
  const Ragged below = gather(c.trials, c.prompts, measure);
  if (below.total() <= 0) return absent_estimate("J", per, nothing_below(per));
  // Gross energy is above 0 in every trial that counts; what is above idle need not be.
  if (*total.value <= 0) {
    return absent_estimate("J", per,
                           {"active.none", "the machine drew no more while it answered than at rest",
                            "let nothing else run beside it, and measure its rest for longer: baseline_seconds"});
  }
  const std::array sides = {Side{{{&joules, 1}, {&below, -1}}}};
  return estimate(scaled(total, 1 / below.total(), per), sides,
                  meter_variance(c.trials, c.prompts, reading), c.alpha);
}

Estimate per_correct(const Context& c, const Reading& reading, const ArmResult& arm) {
  const std::string per = "correct answer";
  if (arm.checkable == 0) {
    return absent_estimate(
        "J", per, {"correct.unchecked", "no answer could be checked", "give the prompts checkers"});
  }
  if (arm.correct > 0) return per_measure(c, reading, correctness, per);
  const Quantity spent = total_reading(c.trials, c.prompts, reading);
  if (!spent.present()) return absent_estimate("J", per, *spent.reason, spent.known_lo);
  return absent_estimate(
      "J", per,
      {"correct.none",
       fmt::format("none of {} checkable answers was correct; {} were spent on them", arm.checkable,
                   human(*spent.value, "J")),
       ""},
      *spent.value);
}

Quantity total_of_phase(const Context& c, Phase phase) {
  const Reading reading = [&](const TrialRecord& t) { return c.own_mix(phase_energy(t, phase)); };
  const Quantity total = total_reading(c.trials, c.prompts, reading);
  if (!total.present() || *total.value <= 0) return total;
  const Ragged joules =
      gather(c.trials, c.prompts, [&](const TrialRecord& t) { return *reading(t).value; });
  const std::array sides = {Side{{{&joules, 1}}}};
  return estimate(total, sides, meter_variance(c.trials, c.prompts, reading), c.alpha).these;
}

Quantity power_while_answering(const Context& c, const Reading& reading) {
  Estimate e = per_measure(c, reading, seconds, "second");
  e.these.unit = std::string("W");
  e.these.per.clear();
  return e.these;
}

void fill_phases(ArmResult& arm, const Context& c) {
  std::set<Phase> seen;
  for (const std::size_t p : c.prompts) {
    for (const auto* t : c.trials.by_prompt[p]) {
      for (const auto& record : t->phases) seen.insert(record.span.phase);
    }
  }
  arm.phase_energy.clear();
  for (const Phase phase : seen) arm.phase_energy[phase] = total_of_phase(c, phase);
}

void fill_means(ArmResult& arm, const Context& c) {
  arm.output_tokens = c.mean(output_tokens);
  arm.reasoning_tokens = c.mean(reasoning_tokens);
  arm.answer_tokens = c.mean(answer_tokens);
  arm.prompt_tokens = c.mean(prompt_tokens);
  arm.words = c.mean(words);
  arm.seconds = c.mean(seconds);
  const double decoding = c.mean(decode_seconds);
  arm.tokens_per_second = decoding > 0 ? arm.output_tokens / decoding : 0;
  // An arm that only reads (pp512) is as fast as it reads.
  if (arm.spec.fixed && decoding <= 0) arm.tokens_per_second = arm.prompt_tokens / arm.seconds;
  arm.reasoning_marked = false;
  for (const std::size_t p : c.prompts) {
    for (const auto* t : c.trials.by_prompt[p]) arm.reasoning_marked |= t->reasoning_marked;
  }
}

void fill_absent(ArmResult& arm, const Reason& reason) {
  arm.j_per_response = absent_estimate("J", "response", reason);
  arm.j_per_output_token = absent_estimate("J", "output token", reason);
  arm.j_per_total_token = absent_estimate("J", "total token", reason);
  arm.j_per_word = absent_estimate("J", "word", reason);
  arm.j_per_correct = absent_estimate("J", "correct answer", reason);
  arm.active_per_response = absent_estimate("J", "response", reason);
  arm.mean_power = Quantity::absent("W", reason);
  for (auto& [phase, energy] : arm.phase_energy) energy = Quantity::absent("J", reason);
}

// Over the prompts whose every answer was graded.
std::optional<double> mean_score(const ArmTrials& arm, std::span<const std::size_t> prompts) {
  std::vector<std::size_t> graded;
  for (const std::size_t p : prompts) {
    const auto& trials = arm.by_prompt[p];
    if (std::ranges::all_of(trials, [](const auto* t) { return t->score.has_value(); })) {
      graded.push_back(p);
    }
  }
  if (graded.empty()) return std::nullopt;
  const auto score = [](const TrialRecord& t) { return *t.score; };
  return gather(arm, graded, score).total() / static_cast<double>(graded.size());
}

}  // namespace

Estimate joules_per_response(const ArmTrials& trials, std::span<const std::size_t> prompts,
                             const std::string& arm, double alpha) {
  if (prompts.empty()) {
    return absent_estimate("J", "response",
                           {"study.incomplete", "no prompt was answered by every arm", "resume it"});
  }
  if (trials.unmetered) return absent_estimate("J", "response", *trials.unmetered);
  const Context c{trials, prompts, arm, alpha};
  const Reading gross = [&](const TrialRecord& t) { return c.own_mix(t.energy); };
  return per_measure(c, gross, one, "response");
}

double correctness(const TrialRecord& trial) { return trial.correct.value_or(false) ? 1 : 0; }

std::vector<std::size_t> checkable_of(const ArmTrials& arm, const StudySpec& spec,
                                      std::span<const std::size_t> prompts) {
  std::vector<std::size_t> out;
  for (const std::size_t p : prompts) {
    const auto& trials = arm.by_prompt[p];
    const bool all = std::all_of(trials.begin(), trials.end(), [](const auto* t) {
      return t->correct.has_value() || t->error.has_value();
    });
    if (all && spec.prompts[p].checker.kind != Checker::Kind::none) out.push_back(p);
  }
  return out;
}

void fill_arm(ArmResult& arm, const ArmTrials& trials, const StudySpec& spec,
              std::span<const std::size_t> prompts) {
  arm.trials = trials.usable;
  arm.failed = trials.failed;
  arm.censored = trials.censored;
  const auto checkable = checkable_of(trials, spec, prompts);
  arm.checkable = static_cast<std::int64_t>(checkable.size());
  arm.correct = gather(trials, checkable, correctness).total();
  arm.score = mean_score(trials, checkable);
  if (prompts.empty()) {
    fill_absent(arm, {"study.incomplete", "no prompt was answered by every arm", "resume it"});
    return;
  }
  const Context c{trials, prompts, arm.spec.name, these_alpha(spec.stopping, trials.rounds)};
  fill_means(arm, c);
  fill_phases(arm, c);
  if (trials.unmetered) {
    fill_absent(arm, *trials.unmetered);
    return;
  }
  const Reading gross = [&](const TrialRecord& t) { return c.own_mix(t.energy); };
  const Reading active = [&](const TrialRecord& t) { return c.own_mix(t.active); };
  const Context checked{trials, checkable, arm.spec.name, c.alpha};
  arm.j_per_response = joules_per_response(trials, prompts, arm.spec.name, c.alpha);
  arm.j_per_output_token = per_measure(c, gross, output_tokens, "output token");
  arm.j_per_total_token = per_measure(c, gross, total_tokens, "total token");
  arm.j_per_word = per_measure(c, gross, words, "word");
  arm.j_per_correct = per_correct(checked, gross, arm);
  arm.active_per_response = per_measure(c, active, one, "response");
  arm.mean_power = power_while_answering(c, gross);
}

}  // namespace joulebook
