#include "export/metric_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "export/live_metrics.h"

namespace joulebook {
namespace {

constexpr std::string_view kFromEnergy = "the weakest tier of the energies it sums";
constexpr std::string_view kCounted = "measured: counted";
constexpr std::string_view kTimed = "measured: CLOCK_MONOTONIC";

// An estimate whose unit and denominator are said by the table, absent ones included.
Estimate named(Estimate e, std::string_view unit, std::string_view per) {
  e.these.unit = unit;
  e.these.per = per;
  if (!e.these.present() && !e.these.reason) {
    e.these.reason = Reason{"metric.unknown", "the study did not work this out", ""};
  }
  return e;
}

Quantity no(std::string_view unit, std::string code, std::string message, std::string cure = {}) {
  return Quantity::absent(std::string(unit),
                          {std::move(code), std::move(message), std::move(cure)});
}

Quantity number(double value, std::string_view unit, std::string_view per, std::string method) {
  Quantity q = Quantity::exact(value, std::string(unit));
  q.per = per;
  q.method = std::move(method);
  return q;
}

// A mean over an arm's complete trials; an absence where there were none.
Estimate mean(const ArmResult& arm, double value, std::string_view unit, std::string_view per) {
  if (arm.trials > 0) return {number(value, unit, per, "mean over prompts"), {}};
  return named({no(unit, "arm.no_trials", "no trial of this arm was completed"), {}}, unit, per);
}

// Likewise of tokens, which a program has none of.
Estimate tokens(const ArmResult& arm, double value, std::string_view unit, std::string_view per) {
  if (arm.engine.kind != "command") return mean(arm, value, unit, per);
  return named({no(unit, "tokens.none", "a program has no tokens"), {}}, unit, per);
}

// A rate that nothing was timed for is unknown.
Estimate token_rate(const ArmResult& arm) {
  constexpr std::string_view kUnit = "{token}/s";
  if (arm.trials == 0 || arm.tokens_per_second > 0) return tokens(arm, arm.tokens_per_second, kUnit, "");
  return named({no(kUnit, "tokens.none", "the arm gave no tokens"), {}}, kUnit, "");
}

Estimate unmarked(std::string_view unit, std::string_view per) {
  return named({no(unit, "reasoning.unmarked", "the model does not mark where thinking ends",
                   "use a model or an endpoint that marks its reasoning"),
                {}},
               unit, per);
}

Estimate phase_energy(const ArmResult& arm, Phase phase) {
  const auto it = arm.phase_energy.find(phase);
  if (it != arm.phase_energy.end()) return named({it->second, {}}, "J", "");
  return {no("J", "phase.none", "no trial of this arm went through this phase"), {}};
}

Estimate share_of(double part, double whole, std::string code, std::string message) {
  if (whole > 0) return {number(part / whole, "1", "", "share of a count"), {}};
  return {no("1", std::move(code), std::move(message)), {}};
}

Estimate correct_share(const ArmResult& arm) {
  return share_of(arm.correct, static_cast<double>(arm.checkable), "arm.nothing_checkable",
                  "no complete prompt of this arm has a checker");
}

Estimate censored_share(const ArmResult& arm) {
  return share_of(static_cast<double>(arm.censored), static_cast<double>(arm.trials),
                  "arm.no_trials", "no trial of this arm was completed");
}

Estimate load_energy(const ArmResult& arm) {
  if (arm.load) return named({arm.load->energy, {}}, "J", "load");
  return named({no("J", "load.not_seen", "the model was not loaded by this study"), {}}, "J",
               "load");
}

Estimate loaded_silent(const ArmResult& arm) {
  if (arm.loaded_silent) return named({arm.loaded_silent->power, {}}, "W", "");
  return {no("W", "baseline.none", "no baseline was taken with this model loaded"), {}};
}

Estimate peak_memory(const ArmResult& arm) {
  const auto bytes = arm.engine.peak_memory_bytes;
  if (bytes > 0) return {number(static_cast<double>(bytes), "By", "", "resident, process"), {}};
  return {no("By", "engine.memory_unknown", "the engine's memory cannot be seen from here"), {}};
}

Estimate whole(std::int64_t n) { return {number(static_cast<double>(n), "1", "", "counted"), {}}; }

using A = const ArmResult&;

constexpr std::array kArm = std::to_array<ArmMetric>({
    {"trials", "trials", "1", "", MetricType::count, kCounted,
     "Trials that were completed, repeats counted.", [](A a) { return whole(a.trials); }},
    {"failed", "failed", "1", "", MetricType::count, kCounted,
     "Trials that ended in an error: wrong answers, whose joules and seconds count.",
     [](A a) { return whole(a.failed); }},
    {"censored_share", "cut at the limit", "1", "", MetricType::share, kCounted,
     "Share of completed trials whose answer hit the token limit; above 5 % every ratio of the arm "
     "is labelled censored.",
     censored_share},
    {"j_per_response", "J/response", "J", "response", MetricType::quantity, kFromEnergy,
     "Gross energy of a trial, repeats averaged within a prompt, mean over prompts.",
     [](A a) { return named(a.j_per_response, "J", "response"); }},
    {"active_per_response", "J/response above idle", "J", "response", MetricType::quantity,
     "apportioned at best: a floor is taken off",
     "Energy above the idle floor with the model loaded, mean over prompts.",
     [](A a) { return named(a.active_per_response, "J", "response"); }},
    {"j_per_output_token", "J/output token", "J", "output token", MetricType::quantity, kFromEnergy,
     "Gross energy of all prompts over their output tokens, reasoning included: a ratio of sums.",
     [](A a) { return named(a.j_per_output_token, "J", "output token"); }},
    {"j_per_total_token", "J/total token", "J", "total token", MetricType::quantity, kFromEnergy,
     "Gross energy of all prompts over their input and output tokens: a ratio of sums.",
     [](A a) { return named(a.j_per_total_token, "J", "total token"); }},
    {"j_per_word", "J/word", "J", "word", MetricType::quantity, kFromEnergy,
     "Gross energy of all prompts over the words of their answers, reasoning apart.",
     [](A a) { return named(a.j_per_word, "J", "word"); }},
    {"j_per_correct", "J/correct answer", "J", "correct answer", MetricType::quantity, kFromEnergy,
     "Gross energy of the checkable prompts over the correct answers among them; with none correct "
     "an absence, with the energy spent as its lower bound.",
     [](A a) { return named(a.j_per_correct, "J", "correct answer"); }},
    {"correct_share", "correct", "1", "", MetricType::share, kCounted,
     "Share of checkable prompts answered correctly, repeats averaged within a prompt.",
     correct_share},
    {"prefill_energy", "prefill", "J", "", MetricType::quantity, kFromEnergy,
     "Gross energy of reading the prompts, summed over prompts, repeats averaged.",
     [](A a) { return phase_energy(a, Phase::prefill); }},
    {"reason_energy", "reasoning", "J", "", MetricType::quantity, kFromEnergy,
     "Gross energy of thinking tokens, summed over prompts, repeats averaged.",
     [](A a) { return phase_energy(a, Phase::reason); }},
    {"answer_energy", "answer", "J", "", MetricType::quantity, kFromEnergy,
     "Gross energy of answer tokens, summed over prompts, repeats averaged.",
     [](A a) { return phase_energy(a, Phase::answer); }},
    {"prompt_tokens", "input tokens", "{token}", "response", MetricType::number, kCounted,
     "Tokens of the prompt with its template, cached ones included, mean over prompts.",
     [](A a) { return tokens(a, a.prompt_tokens, "{token}", "response"); }},
    {"output_tokens", "output tokens", "{token}", "response", MetricType::number, kCounted,
     "Reasoning and answer tokens together, mean over prompts.",
     [](A a) { return tokens(a, a.output_tokens, "{token}", "response"); }},
    {"reasoning_tokens", "reasoning tokens", "{token}", "response", MetricType::number, kCounted,
     "Thinking tokens, mean over prompts; an absence where the model does not mark them.",
     [](A a) {
       const bool known = a.reasoning_marked || a.engine.kind == "command";
       return known ? tokens(a, a.reasoning_tokens, "{token}", "response") : unmarked("{token}", "response");
     }},
    {"answer_tokens", "answer tokens", "{token}", "response", MetricType::number, kCounted,
     "Tokens of the answer, mean over prompts; all output where reasoning is not marked.",
     [](A a) { return tokens(a, a.answer_tokens, "{token}", "response"); }},
    {"words", "words", "{word}", "response", MetricType::number, kCounted,
     "Words of the answer, reasoning apart, mean over prompts.",
     [](A a) { return mean(a, a.words, "{word}", "response"); }},
    {"seconds", "s/response", "s", "response", MetricType::number, kTimed,
     "From the prompt's start to its last token, mean over prompts.",
     [](A a) { return mean(a, a.seconds, "s", "response"); }},
    {"tokens_per_second", "tokens/s", "{token}/s", "", MetricType::number, kTimed,
     "Output tokens over the time spent decoding them.",
     [](A a) { return token_rate(a); }},
    {"mean_power", "mean power", "W", "", MetricType::quantity, kFromEnergy,
     "Gross energy of the trials over their time.",
     [](A a) { return named({a.mean_power, {}}, "W", ""); }},
    {"load_energy", "J to load", "J", "load", MetricType::quantity, kFromEnergy,
     "Gross energy of loading the model, kept apart from every trial.", load_energy},
    {"loaded_silent_power", "W loaded, silent", "W", "", MetricType::quantity, kFromEnergy,
     "Power while the model is loaded and nothing is asked.", loaded_silent},
    {"peak_memory", "peak memory", "By", "", MetricType::number, "measured: the kernel's figure",
     "Largest resident memory of the engine's process up to the arm's end.", peak_memory},
});

Quantity energy_or_reason(const TrialRecord& t, const Quantity& q) {
  if (q.present() || q.reason) return q;
  if (t.error) return no("J", t.error->code, t.error->message, t.error->cure);
  return no("J", "metric.unknown", "the study did not work this out");
}

Quantity trial_phase(const TrialRecord& t, Phase phase) {
  std::vector<Quantity> parts;
  for (const auto& record : t.phases) {
    if (record.span.phase == phase) parts.push_back(record.energy);
  }
  if (parts.empty()) return no("J", "phase.none", "the trial did not go through this phase");
  return energy_or_reason(t, parts.size() == 1 ? parts.front() : sum(parts));
}

Quantity trial_count(const TrialRecord& t, Tokens n) {
  if (t.error) return no("{token}", t.error->code, t.error->message, t.error->cure);
  return number(static_cast<double>(n.count), "{token}", "", "counted");
}

using T = const TrialRecord&;

constexpr std::array kTrial = std::to_array<TrialMetric>({
    {"energy", "J", "J", "", MetricType::quantity, "the meter's tier",
     "Gross energy of the trial, from the prompt's start to its last token.",
     [](T t) { return energy_or_reason(t, t.energy); }},
    {"active", "J above idle", "J", "", MetricType::quantity,
     "apportioned at best: a floor is taken off",
     "Energy of the trial above the idle floor with the model loaded.",
     [](T t) { return energy_or_reason(t, t.active); }},
    {"prefill_energy", "J prefill", "J", "", MetricType::quantity, "the meter's tier",
     "Gross energy of reading the prompt.", [](T t) { return trial_phase(t, Phase::prefill); }},
    {"reason_energy", "J reasoning", "J", "", MetricType::quantity, "the meter's tier",
     "Gross energy of thinking tokens.", [](T t) { return trial_phase(t, Phase::reason); }},
    {"answer_energy", "J answer", "J", "", MetricType::quantity, "the meter's tier",
     "Gross energy of answer tokens.", [](T t) { return trial_phase(t, Phase::answer); }},
    {"prompt_tokens", "input tokens", "{token}", "", MetricType::count, kCounted,
     "Tokens of the prompt with its template, cached ones included.",
     [](T t) { return trial_count(t, t.prompt_tokens); }},
    {"cached_tokens", "cached tokens", "{token}", "", MetricType::count, kCounted,
     "Prompt tokens served from the cache.", [](T t) { return trial_count(t, t.cached_tokens); }},
    {"reasoning_tokens", "reasoning tokens", "{token}", "", MetricType::count, kCounted,
     "Thinking tokens; an absence where the model does not mark them.",
     [](T t) {
       return t.error || t.reasoning_marked ? trial_count(t, t.reasoning_tokens)
                                            : unmarked("{token}", "").these;
     }},
    {"answer_tokens", "answer tokens", "{token}", "", MetricType::count, kCounted,
     "Tokens of the answer; all output where reasoning is not marked.",
     [](T t) { return trial_count(t, t.answer_tokens); }},
});

std::string percent(double share) { return fmt::format("{:.1f} %", share * 100); }

std::string plain(double value, MetricType type) {
  if (type == MetricType::count) return fmt::format("{}", std::llround(value));
  if (std::fabs(value) >= 100) return fmt::format("{:.0f}", value);
  return fmt::format("{:.3g}", value);
}

template <class M>
void rows(std::string& page, std::span<const M> metrics) {
  page += "| id | shown as | unit | per | type | tier | meaning |\n|---|---|---|---|---|---|---|\n";
  for (const auto& m : metrics) {
    page += fmt::format("| `{}` | {} | {} | {} | {} | {} | {} |\n", m.id, m.label, m.unit,
                        m.per.empty() ? "-" : m.per, to_string(m.type), m.tier_rule, m.doc);
  }
}

void live_rows(std::string& page) {
  page += "| id | OpenTelemetry | unit | type | labels | tier | meaning |\n|---|---|---|---|---|---|---|\n";
  for (const auto& m : live_metrics()) {
    page += fmt::format("| `{}` | `{}` | {} | {} | {} | {} | {} |\n", m.id, m.otel, m.unit,
                        to_string(m.type), m.labels.empty() ? "-" : m.labels, m.tier_rule, m.doc);
  }
}

}  // namespace

std::string_view to_string(MetricType type) {
  constexpr std::array<std::string_view, 4> kNames = {"quantity", "number", "count", "share"};
  return kNames[static_cast<std::size_t>(type)];
}

std::span<const ArmMetric> arm_metrics() { return kArm; }
std::span<const TrialMetric> trial_metrics() { return kTrial; }

const ArmMetric* find_arm_metric(std::string_view id) {
  const auto it = std::ranges::find(kArm, id, &ArmMetric::id);
  return it == kArm.end() ? nullptr : &*it;
}

std::string metric_text(MetricType type, const Quantity& q) {
  if (!q.present()) return fmt::format("no reading ({})", q.reason ? q.reason->code : "unknown");
  if (type == MetricType::share) return percent(*q.value);
  if (type == MetricType::count || q.unit.starts_with('{') || q.unit == "1") {
    return plain(*q.value, type);
  }
  if (q.unit == "By") return human(*q.value, "B");
  return human(*q.value, q.unit);
}

std::string metrics_page() {
  std::string page =
      "# Metrics\n\n"
      "The figures that a study gives, for each arm and for each trial, and those of a metering\n"
      "gateway. This page is written from the table that every output uses\n"
      "(`src/export/metric_table.cc`, `src/export/live_metrics.cc`).\n\n"
      "A *quantity* carries a value, an interval, a tier, a boundary and a method. A *number* is "
      "a\n"
      "mean or a rate without an interval, a *count* is whole and exact, a *share* lies between 0\n"
      "and 1. Whatever could not be had is an absence with its reason, never a zero.\n\n"
      "## For each arm\n\n";
  rows(page, arm_metrics());
  page += "\n## For each trial\n\n";
  rows(page, trial_metrics());
  page +=
      "\n## Of a metering gateway\n\n"
      "What `joulebook serve` tells Prometheus (`GET /metrics`) and OpenTelemetry\n"
      "([gateway-metrics.md](gateway-metrics.md)). Every counter begins at the gateway's start. What was\n"
      "not had has no sample; `joulebook_absent` says why.\n\n";
  live_rows(page);
  return page;
}

}  // namespace joulebook
