#include "fakes/sample_study.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "fakes/sample_spec.h"

namespace joulebook::fakes {
namespace {

constexpr std::int64_t kOrigin = 5'000'000'000'000;        // steady
constexpr std::int64_t kWall = 1'795'472'280'123'000'000;  // 2026-11-23T22:18:00.123Z
constexpr int kRounds = 2;

Reason forbidden() {
  return {"sensor.permission", "/sys/class/powercap/intel-rapl:0/energy_uj may not be read",
          "run as root, or grant read access to the file"};
}

Quantity modelled(double value, std::string unit, const std::string& arm = {}) {
  Quantity q;
  q.value = value;
  q.own = {value * 0.97, value * 1.04};
  q.shared = {{"idle_watts", 0.72, 1.38}, {"load_curve", 0.85, 1.2}};
  if (!arm.empty()) q.shared.push_back({"instruction_mix:" + arm, 0.93, 1.07});
  q.unit = std::move(unit);
  q.tier = Tier::modelled;
  q.boundary = "node";
  q.method = "busy CPU time x model of the machine";
  return q;
}

Quantity per(Quantity q, std::string denominator) {
  q.per = std::move(denominator);
  return q;
}

std::vector<SharedPart> without_mix(std::vector<SharedPart> parts) {
  std::erase_if(parts, [](const SharedPart& p) { return p.id.starts_with("instruction_mix"); });
  return parts;
}

// The interval for prompts like these: wider than that for these very prompts.
Estimate estimate(Quantity q) {
  Estimate e;
  if (q.present()) e.alike = Interval{q.own.lo * 0.8, q.own.hi * 1.25};
  e.these = std::move(q);
  return e;
}

Anchor anchor_at(SteadyTime t) { return {t, t.ns + 1'000'000, kWall + (t.ns - kOrigin)}; }

PhaseRecord phase(Phase kind, SteadyTime begin, std::int64_t tokens, double seconds, double watts,
                  const std::string& arm) {
  const auto length = Nanos(static_cast<std::int64_t>(std::llround(seconds * 1e9)));
  return {{kind, begin, begin + length, {tokens}}, modelled(watts * seconds, "J", arm)};
}

// One trial that begins at `begin`; round 1 takes 2 % longer than round 0.
TrialRecord trial(std::size_t arm, std::size_t prompt, int round, SteadyTime begin) {
  const PromptSeed& p = kPrompts[prompt];
  const std::string name = kArms[arm];
  const double slow = round == 0 ? 1.0 : 1.02;
  TrialRecord t;
  t.arm = arm;
  t.prompt = prompt;
  t.round = round;
  t.seed = 1 + static_cast<std::uint32_t>(round);
  t.begin = begin;
  t.prompt_tokens = {p.prompt_tokens};
  t.reasoning_tokens = {arm == 1 ? p.reasoning_tokens : 0};
  t.answer_tokens = {p.answer_tokens[arm]};
  t.reasoning_marked = arm == 1;
  t.words = p.answer_tokens[arm] * 3 / 4;
  t.phases.push_back(phase(Phase::prefill, begin, p.prompt_tokens,
                           static_cast<double>(p.prompt_tokens) * 0.0025 * slow, 38, name));
  if (t.reasoning_tokens.count > 0) {
    t.phases.push_back(phase(Phase::reason, t.phases.back().span.end, t.reasoning_tokens.count,
                             static_cast<double>(t.reasoning_tokens.count) * 0.0125 * slow, 34,
                             name));
  }
  t.phases.push_back(phase(Phase::answer, t.phases.back().span.end, t.answer_tokens.count,
                           static_cast<double>(t.answer_tokens.count) * 0.0125 * slow, 34, name));
  t.end = t.phases.back().span.end;
  std::vector<Quantity> energies;
  for (const auto& record : t.phases) energies.push_back(record.energy);
  t.energy = sum(energies);
  t.active = scaled(t.energy, 0.6);
  t.finish = t.answer_tokens.count >= 512 ? Finish::length : Finish::stop;
  if (p.checker != Checker::Kind::none) t.correct = p.correct[arm];
  t.answer = fmt::format("An answer to {}, in words.", p.id);
  if (arm == 1) t.reasoning = "First, \"this\";\nthen that.";
  t.cpu_seconds = t.duration().count() * 1.9;
  return t;
}

std::vector<TrialRecord> sample_trials() {
  std::vector<TrialRecord> trials;
  SteadyTime at{kOrigin + 12'000'000'000};
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t prompt = 0; prompt < kPrompts.size(); ++prompt) {
      for (std::size_t i = 0; i < kArms.size(); ++i) {
        trials.push_back(trial((i + prompt) % 2, prompt, round, at));
        trials.back().ordinal = static_cast<std::int64_t>(trials.size()) - 1;
        at = trials.back().end + std::chrono::milliseconds(50);
      }
    }
  }
  TrialRecord broken;
  broken.ordinal = static_cast<std::int64_t>(trials.size());
  broken.arm = 1;
  broken.prompt = 7;
  broken.round = 2;
  broken.seed = 3;
  broken.begin = at;
  broken.end = at + std::chrono::milliseconds(3);
  broken.energy = Quantity::absent("J", {"trial.failed", "the engine gave no answer", ""}, 0.1);
  broken.active = Quantity::absent("J", {"trial.failed", "the engine gave no answer", ""});
  broken.finish = Finish::cancelled;
  broken.error =
      Error{ErrorKind::engine, "engine.failed", "decoding failed", "lower the batch size"};
  trials.push_back(broken);
  return trials;
}

// Totals over prompts, repeats averaged.
struct Totals {
  double joules = 0, output = 0, reasoning = 0, prompt = 0, words = 0, seconds = 0, decode = 0;
  double correct = 0, checkable_joules = 0;
  std::int64_t trials = 0, censored = 0, failed = 0, checkable = 0;
  std::map<Phase, double> phases;
};

void add(Totals& sums, const TrialRecord& t) {
  const double share = 1.0 / kRounds;
  ++sums.trials;
  sums.censored += t.finish == Finish::length ? 1 : 0;
  sums.joules += *t.energy.value * share;
  sums.output += static_cast<double>(t.output_tokens().count) * share;
  sums.reasoning += static_cast<double>(t.reasoning_tokens.count) * share;
  sums.prompt += static_cast<double>(t.prompt_tokens.count) * share;
  sums.words += static_cast<double>(t.words) * share;
  sums.seconds += t.duration().count() * share;
  for (const auto& record : t.phases) {
    sums.phases[record.span.phase] += *record.energy.value * share;
    if (record.span.phase == Phase::prefill) continue;
    sums.decode += Seconds(record.span.end - record.span.begin).count() * share;
  }
  if (!t.correct) return;
  if (t.round == 0) ++sums.checkable;
  sums.correct += *t.correct ? share : 0;
  sums.checkable_joules += *t.energy.value * share;
}

template <class Pick>
Totals totals(const std::vector<TrialRecord>& trials, std::size_t arm, Pick pick) {
  Totals sums;
  for (const auto& t : trials) {
    if (t.arm != arm || !pick(t)) continue;
    if (t.error) {
      ++sums.failed;
    } else {
      add(sums, t);
    }
  }
  return sums;
}

Quantity bought(double joules_more, double extra_correct) {
  if (extra_correct > 0)
    return per(modelled(joules_more / extra_correct, "J"), "extra correct answer");
  return Quantity::absent("J", {"bought.nothing", "no answer more was correct", ""});
}

void set_energies(ArmResult& arm, const Totals& sums, const std::string& name) {
  const auto figure = [&](double denominator, std::string what) {
    return estimate(per(modelled(sums.joules / denominator, "J", name), std::move(what)));
  };
  const double n = static_cast<double>(kPrompts.size());
  arm.j_per_response = figure(n, "response");
  arm.j_per_output_token = figure(sums.output, "output token");
  arm.j_per_total_token = figure(sums.output + sums.prompt, "total token");
  arm.j_per_word = figure(sums.words, "word");
  arm.active_per_response = estimate(per(modelled(sums.joules * 0.6 / n, "J", name), "response"));
  arm.j_per_correct =
      estimate(per(modelled(sums.checkable_joules / sums.correct, "J", name), "correct answer"));
  for (const auto& [kind, joules] : sums.phases)
    arm.phase_energy[kind] = modelled(joules, "J", name);
}

Window window(std::string name, double begin_s, double seconds) {
  const SteadyTime begin{kOrigin + static_cast<std::int64_t>(begin_s * 1e9)};
  return {std::move(name), begin, begin + Nanos(static_cast<std::int64_t>(seconds * 1e9))};
}

ArmResult arm_result(const StudySpec& spec, const std::vector<TrialRecord>& trials,
                     std::size_t index) {
  const Totals sums = totals(trials, index, [](const TrialRecord&) { return true; });
  const double n = static_cast<double>(kPrompts.size());
  ArmResult arm;
  arm.spec = spec.arms[index];
  arm.engine = sample_engine();
  arm.trials = sums.trials;
  arm.failed = sums.failed;
  arm.censored = sums.censored;
  arm.checkable = sums.checkable;
  arm.correct = sums.correct;
  set_energies(arm, sums, arm.spec.name);
  arm.output_tokens = sums.output / n;
  arm.reasoning_tokens = sums.reasoning / n;
  arm.answer_tokens = (sums.output - sums.reasoning) / n;
  arm.prompt_tokens = sums.prompt / n;
  arm.words = sums.words / n;
  arm.reasoning_marked = index == 1;
  arm.seconds = sums.seconds / n;
  arm.tokens_per_second = sums.output / sums.decode;
  arm.mean_power = modelled(sums.joules / sums.seconds, "W", arm.spec.name);
  arm.load = LoadRecord{index, window("load", 5.2, 0.9), modelled(21.5, "J")};
  const std::string what = "loaded: " + arm.engine.model;
  arm.loaded_silent = Baseline{what, window(what, 6.2, 5), modelled(14.2, "W")};
  return arm;
}

Split split(const Totals& a, const Totals& b) {
  const auto of = [](double value) {
    Quantity q = modelled(value, "1");
    q.shared = {{"instruction_mix:direct", 1.07, 0.93},
                {"instruction_mix:step by step", 0.93, 1.07}};
    return q;
  };
  Quantity longer = Quantity::exact(b.output / a.output, "1");
  longer.own = {*longer.value * 0.99, *longer.value * 1.01};
  return {estimate(of(b.joules / a.joules)), estimate(longer),
          estimate(of((b.joules / b.output) / (a.joules / a.output)))};
}

Comparison comparison(const std::vector<TrialRecord>& trials) {
  Comparison c;
  c.a = 0;
  c.b = 1;
  c.prompts = kPrompts.size();
  c.censored = true;
  const auto all = [](const TrialRecord&) { return true; };
  const Totals a = totals(trials, 0, all);
  const Totals b = totals(trials, 1, all);
  c.split = split(a, b);
  c.extra_correct = b.correct - a.correct;
  c.j_per_extra_correct = bought(b.joules - a.joules, c.extra_correct);
  for (std::size_t i = 0; i < kPrompts.size(); ++i) {
    const auto here = [i](const TrialRecord& t) { return t.prompt == i; };
    const Totals x = totals(trials, 0, here);
    const Totals y = totals(trials, 1, here);
    KindResult kind{kPrompts[i].kind, 1, split(x, y), y.correct - x.correct, {}};
    kind.split.energy.alike.reset();  // one prompt says nothing about prompts like it
    kind.split.longer.alike.reset();
    kind.split.dearer.alike.reset();
    kind.j_per_extra_correct = bought(y.joules - x.joules, kind.extra_correct);
    c.kinds.push_back(std::move(kind));
  }
  c.sentence = fmt::format(
      "Step by step used {:.1f} times the energy of direct: {:.1f} times longer, {:.2f} times "
      "dearer "
      "a token (censored: some answers were cut at the token limit).",
      *c.split.energy.these.value, *c.split.longer.these.value, *c.split.dearer.these.value);
  return c;
}

SensorInfo sample_sensor() {
  SensorInfo s;
  s.id = "model:node";
  s.domain = "node:0";
  s.name = "model of this machine";
  s.device = "cpu";
  s.kind = SensorKind::busy_time;
  s.scale = 0.01;
  s.tick = std::chrono::milliseconds(10);
  s.max_watts = 90;
  s.tier = Tier::modelled;
  s.method = "busy CPU time x model of the machine";
  s.contains = {"package:0"};
  return s;
}

WindowEnergy sample_whole(SteadyTime end) {
  WindowEnergy whole;
  whole.window = {"study", {kOrigin}, end};
  const double seconds = whole.window.duration().count();
  DomainEnergy node;
  node.domain = "node:0";
  node.name = "this machine";
  node.sensor = "model:node";
  node.energy = modelled(26 * seconds, "J");
  node.mean_power = modelled(26, "W");
  node.peak_power = Quantity::absent("W", {"sensor.modelled", "a model has no peak", ""});
  node.contains = {"package:0"};
  node.top_level = true;
  node.settled = to_microjoules(Joules(26 * seconds));
  DomainEnergy package;
  package.domain = "package:0";
  package.name = "package-0";
  package.sensor = "powercap:intel-rapl:0";
  package.energy = Quantity::absent("J", forbidden());
  package.mean_power = Quantity::absent("W", forbidden());
  package.peak_power = Quantity::absent("W", forbidden());
  package.may_contain = {"gpu:0"};
  whole.total = node.energy;
  whole.domains = {node, package};
  whole.self = modelled(1.4, "J");
  whole.self.tier = Tier::modelled;
  whole.tree = scaled(node.energy, 0.9);
  whole.cpu = {2 * seconds, 1.9 * seconds, 1.8 * seconds, 0.004 * seconds};
  whole.devices = {"cpu"};
  whole.warnings = {"no sensor: joules are CPU time times modelled watts"};
  return whole;
}

std::vector<PowerPoint> sample_trace(SteadyTime begin, SteadyTime end) {
  constexpr int kPoints = 120;
  std::vector<PowerPoint> trace;
  const std::int64_t step = (end.ns - begin.ns) / kPoints;
  for (int i = 0; i < kPoints; ++i) {
    const SteadyTime from{begin.ns + i * step};
    const double watts = i < 12 || i > 112 ? 11.5 : 33 + 3 * std::sin(i * 0.7);
    trace.push_back({from, {from.ns + step}, Watts(watts)});
  }
  return trace;
}

}  // namespace

StudyResult sample_study() {
  StudyResult study;
  study.id = "study-20261123T221800-1a2b";
  study.spec = sample_spec();
  study.trials = sample_trials();
  const SteadyTime end = study.trials.back().end + std::chrono::seconds(6);
  study.start = anchor_at({kOrigin});
  study.end = anchor_at(end);
  for (std::size_t i = 0; i < kArms.size(); ++i) {
    study.arms.push_back(arm_result(study.spec, study.trials, i));
  }
  const double last = static_cast<double>(study.trials.back().end.ns - kOrigin) * 1e-9;
  study.baselines = {{"bare before", window("bare before", 0, 5), modelled(11.4, "W")},
                     *study.arms[0].loaded_silent,
                     {"bare after", window("bare after", last + 0.5, 5), modelled(11.6, "W")}};
  study.comparisons = {comparison(study.trials)};
  study.looks = {{1, std::numeric_limits<double>::infinity(), 33.5, "continue"},
                 {2, 0.018, 66.25, "narrow enough"}};
  study.sensors = {sample_sensor()};
  study.trace = sample_trace(study.start.steady, end);
  study.whole = sample_whole(end);
  study.drift = modelled(11.6 / 11.4 - 1, "1");
  study.drift.shared = without_mix(study.drift.shared);
  study.warnings = {"12.5 % of the answers of step by step were cut at 512 tokens"};
  study.sentence = study.comparisons[0].sentence;
  return study;
}

}  // namespace joulebook::fakes
