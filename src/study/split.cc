#include "study/split.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace joulebook {
namespace {

constexpr std::string_view kMix = "instruction_mix";

struct Sums {
  Ragged energy;
  Ragged tokens;
  Quantity joules;
  double meter = 0;
  double token_total = 0;
};

Sums sums_of(const SplitArm& arm, std::span<const std::size_t> prompts, bool same_code) {
  Sums out;
  out.tokens = gather(*arm.trials, prompts, output_tokens);
  out.token_total = out.tokens.total();
  if (arm.trials->unmetered) {
    out.joules = Quantity::absent("J", *arm.trials->unmetered);
    return out;
  }
  const auto energy_of = [](const TrialRecord& t) { return t.energy; };
  const auto mixed_of = [&](const TrialRecord& t) {
    return compared_energy(t, arm.name, same_code);
  };
  out.energy = gather(*arm.trials, prompts, energy_joules);
  out.joules = total_reading(*arm.trials, prompts, mixed_of);
  out.meter = meter_variance(*arm.trials, prompts, energy_of);
  return out;
}

// What cancels but for rounding has cancelled.
void drop_cancelled(Quantity& q) {
  constexpr double kRounding = 1e-12;
  std::erase_if(q.shared, [](const SharedPart& part) {
    return std::abs(part.lo - 1) < kRounding && std::abs(part.hi - 1) < kRounding;
  });
}

Estimate energy_ratio(const Sums& a, const Sums& b, double alpha) {
  Quantity q = ratio(b.joules, a.joules);
  if (!q.present()) return absent_estimate("1", "", *q.reason);
  drop_cancelled(q);
  const std::array sides = {Side{{{&a.energy, -1}}}, Side{{{&b.energy, 1}}}};
  return estimate(std::move(q), sides, a.meter + b.meter, alpha);
}

Estimate token_ratio(const Sums& a, const Sums& b, double alpha) {
  if (a.token_total <= 0 || b.token_total <= 0) {
    return absent_estimate("1", "", {"tokens.none", "an arm gave no output tokens", ""});
  }
  const std::array sides = {Side{{{&a.tokens, -1}}}, Side{{{&b.tokens, 1}}}};
  Quantity q = Quantity::exact(b.token_total / a.token_total, "1");
  q.method = "ratio of output token sums";
  return estimate(std::move(q), sides, 0, alpha);
}

Estimate dearer_ratio(const Sums& a, const Sums& b, const Estimate& energy, const Estimate& longer,
                      double alpha) {
  if (!energy.these.present()) return energy;
  if (!longer.these.present()) return longer;
  Quantity q = energy.these;
  q.value = *energy.these.value / *longer.these.value;
  const std::array sides = {Side{{{&a.energy, -1}, {&a.tokens, 1}}},
                            Side{{{&b.energy, 1}, {&b.tokens, -1}}}};
  return estimate(std::move(q), sides, a.meter + b.meter, alpha);
}

// The share of a trial's metered energy that went into reading the prompt; nothing if not metered.
std::optional<double> prefill_share(const TrialRecord& trial) {
  double prefill = 0;
  double all = 0;
  for (const auto& [span, energy] : trial.phases) {
    if (!energy.present()) return std::nullopt;
    all += *energy.value;
    if (span.phase == Phase::prefill || span.phase == Phase::cached) prefill += *energy.value;
  }
  if (all <= 0) return std::nullopt;
  return std::clamp(prefill / all, 0.0, 1.0);
}

}  // namespace

bool same_code(const ArmResult& a, const ArmResult& b) {
  const EngineOptions& x = a.spec.engine;
  const EngineOptions& y = b.spec.engine;
  return a.spec.model == b.spec.model && x.command == y.command && x.model_name == y.model_name &&
         x.threads == y.threads && x.gpu_layers == y.gpu_layers && x.sequences == y.sequences &&
         x.batch == y.batch &&
         a.engine.kind == b.engine.kind && a.engine.version == b.engine.version;
}

Quantity with_mix_of_arm(Quantity energy, const std::string& arm) {
  for (auto& part : energy.shared) {
    if (part.id == kMix) part.id = std::string(kMix) + ":" + arm;
  }
  return energy;
}

Quantity with_mix_by_phase(const TrialRecord& trial) {
  Quantity out = trial.energy;
  const auto part = std::find_if(out.shared.begin(), out.shared.end(),
                                 [](const SharedPart& p) { return p.id == kMix; });
  if (part == out.shared.end()) return out;
  const auto share = prefill_share(trial);
  if (!share) return out;
  const SharedPart whole = *part;
  const auto weighted = [&](std::string id, double w) {
    return SharedPart{std::move(id), 1 + w * (whole.lo - 1), 1 + w * (whole.hi - 1)};
  };
  *part = weighted(std::string(kMix) + ":prefill", *share);
  out.shared.push_back(weighted(std::string(kMix) + ":decode", 1 - *share));
  return out;
}

Quantity compared_energy(const TrialRecord& trial, const std::string& arm, bool same_code) {
  return same_code ? with_mix_by_phase(trial) : with_mix_of_arm(trial.energy, arm);
}

Split split_ratio(const SplitArm& a, const SplitArm& b, std::span<const std::size_t> prompts,
                  const SplitOptions& options) {
  if (prompts.empty()) {
    const Estimate none = absent_estimate(
        "1", "", {"study.incomplete", "no prompt was answered by both arms", "resume the study"});
    return {none, none, none};
  }
  const Sums sums_a = sums_of(a, prompts, options.same_code);
  const Sums sums_b = sums_of(b, prompts, options.same_code);
  Split out;
  out.energy = energy_ratio(sums_a, sums_b, options.alpha);
  out.longer = token_ratio(sums_a, sums_b, options.alpha);
  out.dearer = dearer_ratio(sums_a, sums_b, out.energy, out.longer, options.alpha);
  return out;
}

}  // namespace joulebook
