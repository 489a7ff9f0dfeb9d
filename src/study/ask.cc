#include "study/ask.h"

#include <algorithm>
#include <cmath>

#include "study/timeline.h"
#include "study/trial_run.h"

namespace joulebook {
namespace {

// An own interval wider than this share of the value says too little; repeating narrows it.
constexpr double kUsefulWidth = 0.1;
constexpr int kMostRepeats = 1000;

StudySpec one_prompt_study(const AskSpec& spec) {
  StudySpec study;
  study.name = "ask";
  study.arms = {spec.arm};
  study.prompts = {Prompt{"ask", "ask", spec.prompt, {}}};
  study.seed = spec.arm.seed;
  study.keep_text = spec.keep_text;
  return study;
}

// Edges do not grow with the number of repeats, so the relative width falls as 1 / N.
std::optional<int> advice(const TrialRecord& mean, int repeats) {
  if (!mean.energy.present() || *mean.energy.value <= 0) return std::nullopt;
  const double relative = mean.energy.own.width() / *mean.energy.value;
  if (!std::isfinite(relative) || relative <= kUsefulWidth) return std::nullopt;
  const double needed = std::ceil(repeats * relative / kUsefulWidth);
  return static_cast<int>(std::min<double>(needed, kMostRepeats));
}

Quantity mean_quantity(const std::vector<TrialRecord>& trials,
                       const std::function<Quantity(const TrialRecord&)>& of) {
  std::vector<Quantity> parts;
  for (const auto& trial : trials) parts.push_back(of(trial));
  if (parts.size() == 1) return parts.front();
  return scaled(sum(parts), 1.0 / static_cast<double>(parts.size()), "response");
}

Tokens mean_tokens(const std::vector<TrialRecord>& trials, Tokens TrialRecord::* member) {
  std::int64_t total = 0;
  for (const auto& trial : trials) total += (trial.*member).count;
  return {std::llround(static_cast<double>(total) / static_cast<double>(trials.size()))};
}

// All spans of one kind in one trial, as one.
PhaseRecord phase_of(const TrialRecord& trial, Phase kind) {
  PhaseRecord out;
  out.span.phase = kind;
  std::vector<Quantity> parts;
  Nanos time{0};
  for (const auto& phase : trial.phases) {
    if (phase.span.phase != kind) continue;
    time += phase.span.end - phase.span.begin;
    out.span.tokens += phase.span.tokens;
    parts.push_back(phase.energy);
  }
  out.span.begin = trial.begin;
  out.span.end = trial.begin + time;
  out.energy = parts.empty() ? Quantity::exact(0, "J") : sum(parts);
  return out;
}

PhaseRecord mean_phase(const std::vector<TrialRecord>& trials, Phase kind) {
  PhaseRecord out;
  out.span.phase = kind;
  Nanos time{0};
  std::int64_t tokens = 0;
  for (const auto& trial : trials) {
    const PhaseRecord phase = phase_of(trial, kind);
    time += phase.span.end - phase.span.begin;
    tokens += phase.span.tokens.count;
  }
  const auto n = static_cast<std::int64_t>(trials.size());
  out.span.begin = trials.front().begin;
  out.span.end = out.span.begin + time / n;
  out.span.tokens = {std::llround(static_cast<double>(tokens) / static_cast<double>(n))};
  out.energy =
      mean_quantity(trials, [&](const TrialRecord& trial) { return phase_of(trial, kind).energy; });
  return out;
}

std::vector<Phase> kinds_of(const std::vector<TrialRecord>& trials) {
  std::vector<Phase> kinds;
  for (const auto& trial : trials) {
    for (const auto& phase : trial.phases) {
      if (std::find(kinds.begin(), kinds.end(), phase.span.phase) == kinds.end()) {
        kinds.push_back(phase.span.phase);
      }
    }
  }
  return kinds;
}

}  // namespace

TrialRecord mean_of(const std::vector<TrialRecord>& trials) {
  TrialRecord mean = trials.front();
  if (trials.size() == 1) return mean;
  mean.phases.clear();
  for (const Phase kind : kinds_of(trials)) mean.phases.push_back(mean_phase(trials, kind));
  mean.energy = mean_quantity(trials, [](const TrialRecord& t) { return t.energy; });
  mean.active = mean_quantity(trials, [](const TrialRecord& t) { return t.active; });
  mean.prompt_tokens = mean_tokens(trials, &TrialRecord::prompt_tokens);
  mean.cached_tokens = mean_tokens(trials, &TrialRecord::cached_tokens);
  mean.reasoning_tokens = mean_tokens(trials, &TrialRecord::reasoning_tokens);
  mean.answer_tokens = mean_tokens(trials, &TrialRecord::answer_tokens);
  Nanos time{0};
  for (const auto& trial : trials) time += trial.end - trial.begin;
  mean.end = mean.begin + time / static_cast<std::int64_t>(trials.size());
  return mean;
}

Result<AskResult> ask_engine(Engine& engine, Meter& meter, const AskSpec& spec, bool metered,
                             const std::atomic<bool>* cancel,
                             const std::function<void(const TokenEvent&)>& on_token) {
  const StudySpec study = one_prompt_study(spec);
  Timeline timeline(meter);
  AskResult result;
  const ArmMeter arm{"ask", metered, std::nullopt};
  for (int repeat = 0; repeat < spec.repeats; ++repeat) {
    const Slot slot{0, 0, repeat};
    GenerateRequest request = request_for(study, slot, cancel);
    if (repeat == 0) request.on_token = on_token;
    auto generation = engine.generate_one(request);
    if (!generation) return fail(generation.error());
    TrialRecord trial = record_of(study, slot, *generation);
    trial.ordinal = repeat;
    meter_trial(trial, arm, meter, timeline, "request:" + std::to_string(repeat));
    result.cancelled = generation->finish == Finish::cancelled;
    result.trials.push_back(std::move(trial));
    if (result.cancelled) break;
  }
  result.mean = mean_of(result.trials);
  result.settlements = timeline.take();
  result.repeat_advice = advice(result.mean, static_cast<int>(result.trials.size()));
  return result;
}

}  // namespace joulebook
