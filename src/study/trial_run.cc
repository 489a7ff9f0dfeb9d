#include "study/trial_run.h"

#include <algorithm>
#include <vector>

#include "meter/idle_floor.h"
#include "study/answers.h"
#include "study/checker.h"
#include "study/words.h"

namespace joulebook {
namespace {

constexpr std::string_view kMix = "instruction_mix";

Reason elsewhere() {
  return {"engine.remote", "the model runs on another machine, whose energy is not known here",
          "run Joulebook on the machine that runs the model"};
}

// What kind of work a phase is, as far as the mix of instructions goes.
std::string_view work_of(Phase phase) {
  switch (phase) {
    case Phase::queue:
      return "queue";
    case Phase::prefill:
    case Phase::cached:
      return "prefill";
    case Phase::reason:
    case Phase::answer:
    case Phase::wasted:
      return "decode";
  }
  return "decode";
}

void label_mix(Quantity& q, const std::string& engine, Phase phase) {
  for (auto& part : q.shared) {
    if (part.id == kMix)
      part.id = std::string(kMix) + ":" + engine + ":" + std::string(work_of(phase));
  }
}

// A span without length (tokens taken from the cache at once) has no energy to be read.
Quantity phase_energy(const PhaseSpan& span, const Meter& meter) {
  if (span.begin == span.end) return Quantity::exact(0, "J");
  return settled_total(meter.energy({std::string(to_string(span.phase)), span.begin, span.end}));
}

// What the meter itself knows of rest: the model's own idle, or a calibration's.
Quantity above_known_rest(const Quantity& gross, const WindowEnergy& window) {
  std::vector<Quantity> idle;
  for (const auto& domain : window.domains) {
    const auto it = window.idle.find(domain.domain);
    if (domain.top_level && it != window.idle.end()) idle.push_back(it->second);
  }
  return idle.empty() ? above_floor(gross, std::nullopt, {}) : less_idle(gross, idle);
}

// The shared parts of a trial are those of its phases, each by its weight.
void take_shared_parts(TrialRecord& trial) {
  std::vector<Quantity> parts;
  for (const auto& phase : trial.phases) {
    if (!phase.energy.present()) return;
    parts.push_back(phase.energy);
  }
  if (parts.empty() || !trial.energy.present()) return;
  trial.energy.shared = sum(parts).shared;
}

}  // namespace

GenerateRequest request_for(const StudySpec& spec, const Slot& slot,
                            const std::atomic<bool>* cancel) {
  const ArmSpec& arm = spec.arms[slot.arm];
  GenerateRequest request;
  request.system = arm.system;
  request.user = spec.prompts[slot.prompt].text;
  request.file = spec.prompts[slot.prompt].file.value_or("");
  request.reasoning = arm.reasoning;
  request.temperature = arm.temperature;
  request.max_tokens = arm.max_tokens;
  request.seed = trial_seed(spec.seed + arm.seed, slot);
  request.keep_cache = spec.keep_cache;
  if (arm.fixed) {
    if (const auto fixed = parse_fixed(*arm.fixed)) request.fixed = *fixed;
  }
  request.effort = arm.effort.value_or("");
  request.think_budget = arm.think_budget;
  request.cancel = cancel;
  return request;
}

TrialRecord record_of(const StudySpec& spec, const Slot& slot, const Generation& generation) {
  TrialRecord trial;
  trial.arm = slot.arm;
  trial.prompt = slot.prompt;
  trial.round = slot.round;
  trial.seed = trial_seed(spec.seed + spec.arms[slot.arm].seed, slot);
  trial.begin = generation.begin();
  trial.end = generation.end();
  for (const auto& span : generation.phases) trial.phases.push_back({span, {}});
  trial.prompt_tokens = generation.prompt_tokens;
  trial.cached_tokens = generation.cached_tokens;
  trial.reasoning_tokens = generation.reasoning_tokens;
  trial.answer_tokens = generation.answer_tokens;
  trial.reasoning_marked = generation.reasoning_marked;
  trial.words = count_words(generation.answer);
  trial.finish = generation.finish;
  if (const auto verdict = judge(spec.prompts[slot.prompt].checker, generation.answer)) {
    trial.correct = verdict->correct;
    trial.score = verdict->score;
  }
  trial.cpu_seconds = generation.cpu_seconds;
  if (spec.keep_text) {
    trial.answer = generation.answer;
    trial.reasoning = generation.reasoning;
  }
  return trial;
}

TrialRecord failed_record(const StudySpec& spec, const Slot& slot, const Window& time,
                          const Error& error) {
  TrialRecord trial;
  trial.arm = slot.arm;
  trial.prompt = slot.prompt;
  trial.round = slot.round;
  trial.seed = trial_seed(spec.seed + spec.arms[slot.arm].seed, slot);
  trial.begin = time.begin;
  trial.end = time.end;
  trial.error = error;
  trial.phases.push_back({{Phase::wasted, trial.begin, trial.end, {}}, {}});
  const Checker& checker = spec.prompts[slot.prompt].checker;
  if (const auto verdict = judge(checker, "")) {
    trial.correct = false;
    trial.score = verdict->score;
    // Who should find nothing and failed did not find nothing.
    if (checker.kind == Checker::Kind::spans) trial.score = 0;
  }
  return trial;
}

void meter_trial(TrialRecord& trial, const ArmMeter& arm, const Meter& meter, Timeline& timeline,
                 const std::string& account) {
  timeline.close("between trials", std::max(timeline.edge(), trial.begin), {});
  const WindowEnergy window = timeline.close("trial", trial.end, arm.metered ? account : "");
  // What the engine knows exactly is not replaced by the tree's, read ten times a second.
  if (trial.cpu_seconds < 0) trial.cpu_seconds = window.cpu.tree;
  if (!arm.metered) {
    for (auto& phase : trial.phases) phase.energy = Quantity::absent("J", elsewhere());
    trial.energy = trial.active = Quantity::absent("J", elsewhere());
    return;
  }
  for (auto& phase : trial.phases) {
    phase.energy = phase_energy(phase.span, meter);
    label_mix(phase.energy, arm.engine, phase.span.phase);
  }
  trial.energy = settled_total(window);
  take_shared_parts(trial);
  // A floor that was measured with the model loaded holds more than the machine's own rest.
  trial.active = arm.floor ? above_floor(trial.energy, arm.floor, trial.duration())
                           : above_known_rest(trial.energy, window);
}

Quantity above_floor(const Quantity& gross, const std::optional<Quantity>& floor,
                     Seconds duration) {
  if (!gross.present()) return gross;
  if (!floor) {
    return Quantity::absent(
        "J", {"baseline.none", "no idle power was measured",
              "set baseline_seconds above 0, or run `joulebook calibrate`"});
  }
  if (!floor->present()) return Quantity::absent("J", floor->reason.value_or(Reason{}));
  Quantity idle = scaled(*floor, duration.count());
  idle.unit = std::string("J");
  Quantity active = difference(gross, idle);
  active.tier = weakest(active.tier, Tier::apportioned);
  active.method = gross.method + ", less the idle power of the loaded model";
  return active;
}

}  // namespace joulebook
