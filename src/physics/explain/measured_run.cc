#include "physics/explain/measured_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/modelled.h"
#include "physics/explain/floor.h"
#include "physics/explain/shape_change.h"
#include "physics/explain/spec.h"
#include "physics/serving/rows.h"
#include "physics/serving/step_model.h"

namespace joulebook::explain {
namespace {

using serving::Roofline;
using serving::roofline;
using serving::TokenWork;

TokenWork token_work(const serving::Shape& s, double context, double sequences = 1) {
  return serving::token_work(s, s.stored, context, sequences);
}

double context_of(const MeasuredAnswer& a) { return a.prompt + a.output / 2; }

// Everything that changes are computed from; `amortised`: share of the rest that a batch shares.
class Changes {
 public:
  Changes(const RunExplanation& run, const serving::ServingFit& fit)
      : run_(run), a_(run.answer), fit_(fit), overlap_(fit.parameters[serving::overlap_products]) {}

  [[nodiscard]] std::vector<RunChange> best(std::size_t most) const {
    std::vector<RunChange> all{halve()};
    for (const double sequences : {8.0, 32.0}) {
      if (sequences > a_.batch) all.push_back(batch(sequences));
    }
    if (auto c = quantise()) all.push_back(*c);
    if (auto c = cache()) all.push_back(*c);
    if (auto c = smaller()) all.push_back(*c);
    if (auto c = elsewhere()) all.push_back(*c);
    std::erase_if(all, [](const RunChange& c) { return c.factor > 0.98; });
    std::ranges::stable_sort(all, {}, &RunChange::factor);
    // One batch is enough.
    const auto is_batch = [](const RunChange& c) { return c.text.starts_with("batch"); };
    const auto first = std::ranges::find_if(all, is_batch);
    if (first != all.end()) all.erase(std::remove_if(first + 1, all.end(), is_batch), all.end());
    if (all.size() > most) all.resize(most);
    return all;
  }

 private:
  [[nodiscard]] double step() const { return a_.decode_s / a_.output; }

  // Energy with steps and prompts of other lengths: a busy CPU draws about the same all the while.
  [[nodiscard]] double factor(double step_ratio, double prefill_ratio, double tokens_ratio = 1) const {
    return a_.prefill_share * prefill_ratio + (1 - a_.prefill_share) * step_ratio * tokens_ratio;
  }

  [[nodiscard]] Roofline line(const TokenWork& w, double sequences, double bandwidth, double rate) const {
    return roofline(w, sequences, bandwidth, rate, overlap_);
  }

  // A step by other work, at the calibrated rates or their ends; rest: the part of the measured step
  // that bytes and FLOPs do not explain, and how much of it `sequences` share.
  [[nodiscard]] double step_ratio(const TokenWork& work, double sequences, double bandwidth, double rate,
                                  double shared) const {
    const Roofline now = line(token_work(a_.shape, context_of(a_), a_.batch), a_.batch, bandwidth, rate);
    const double scale = std::min(1.0, step() / now.seconds);
    const double rest = std::max(step() - now.seconds, 0.0);
    const double then = scale * line(work, sequences, bandwidth, rate).seconds + rest * (shared + (1 - shared) * sequences / a_.batch);
    return then / sequences / (step() / a_.batch);
  }

  // The middle, and the ends over bandwidth, rate and what is shared of the rest.
  [[nodiscard]] RunChange by_step(std::string text, const TokenWork& work, double sequences,
                                  double prefill_ratio) const {
    const auto& m = run_.machine;
    RunChange c{std::move(text)};
    c.factor = factor(step_ratio(work, sequences, m.bandwidth.value, m.arithmetic.value, 0.5), prefill_ratio);
    c.lo = c.hi = c.factor;
    for (const double bandwidth : {m.bandwidth.lo, m.bandwidth.hi}) {
      for (const double rate : {m.arithmetic.lo, m.arithmetic.hi}) {
        for (const double shared : {0.0, 1.0}) {
          const double end = factor(step_ratio(work, sequences, bandwidth, rate, shared), prefill_ratio);
          c.lo = std::min(c.lo, end);
          c.hi = std::max(c.hi, end);
        }
      }
    }
    return c;
  }

  [[nodiscard]] RunChange halve() const {
    RunChange c{"output=0.5x", true};
    c.factor = factor(1, 1, 0.5);
    // The second half of the answer read more of the cache than the first.
    const double kv = run_.causes[2].seconds / std::max(a_.decode_s, 1e-12);
    c.lo = factor(1 - kv, 1, 0.5);
    c.hi = c.factor;
    return c;
  }

  [[nodiscard]] RunChange batch(double sequences) const {
    return by_step(fmt::format("batch={:g}", sequences), token_work(a_.shape, context_of(a_), sequences), sequences, 1);
  }

  [[nodiscard]] std::optional<RunChange> quantise() const {
    constexpr double kBytes = 4.5 / 8;  // Q4_0, scales included
    serving::Shape s = a_.shape;
    if (s.stored.dense <= 1.02 * kBytes) return std::nullopt;
    s.stored.dense = s.stored.expert = kBytes;
    RunChange c = by_step("weights=q4_0", token_work(s, context_of(a_), a_.batch), a_.batch, 1);
    c.alters_answers = true;
    return c;
  }

  // A prompt that was asked before need not be read again; at most all of it.
  [[nodiscard]] std::optional<RunChange> cache() const {
    if (a_.cached > 0 || a_.prefill_share < 0.02) return std::nullopt;
    RunChange c{"cached=100%"};
    c.factor = c.lo = factor(1, 0);
    c.hi = 1;  // where prompts have nothing in common
    return c;
  }

  [[nodiscard]] std::optional<RunChange> smaller() const {
    const std::string name = next_smaller(a_.shape);
    const auto shape = name.empty() ? std::nullopt : serving::find_shape(name);
    if (!shape) return std::nullopt;
    serving::Shape s = *shape;
    s.stored = a_.shape.stored;
    const double size = s.active_params() / a_.shape.active_params();
    RunChange c = by_step("model=" + name, token_work(s, context_of(a_), a_.batch), a_.batch, size);
    c.alters_answers = true;
    return c;
  }

  // The same model served to 64 at a time on an H100, host and memory inside.
  [[nodiscard]] std::optional<RunChange> elsewhere() const {
    auto d = deployment_of("Llama-3.1-8B");
    if (!d || !a_.energy.present() || run_.machine.device) return std::nullopt;
    d->work.shape = a_.shape;
    d->name = a_.model;
    d->work.batch = 64;
    d->work.input = std::max(a_.prompt, 1.0);
    d->work.output = d->tokens = std::max(a_.output, 1.0);
    apply_precision(*d);
    const double joules = respond(*d, fit_.parameters).total_j();
    const auto ends = serving::factors(fit_.spread, d->work);
    const auto interval = a_.energy.interval();
    RunChange c{"gpu=H100, batch=64"};
    c.factor = joules * kNodeOverhead / *a_.energy.value;
    c.lo = joules * ends.lo * kNodeOverheadLo / std::max(interval.hi, 1e-12);
    c.hi = joules * ends.hi * kNodeOverheadHi / std::max(interval.lo, 1e-12);
    return c;
  }

  const RunExplanation& run_;
  const MeasuredAnswer& a_;
  const serving::ServingFit& fit_;
  double overlap_;
};

void add_causes(RunExplanation& run, double overlap) {
  const MeasuredAnswer& a = run.answer;
  const double joules = *a.energy.value, still = a.static_share.value_or(0);
  const double above = 1 - still;
  const Roofline r = roofline(token_work(a.shape, context_of(a), a.batch), a.batch, run.machine.bandwidth.value,
                              run.machine.arithmetic.value, overlap);
  const double all = r.seconds * a.output;
  run.scale = std::min(1.0, a.decode_s / all);
  const double decode_j = joules * above * (1 - a.prefill_share);
  const auto decode = [&](std::string_view cause, double seconds) {
    run.causes.push_back({cause, seconds, decode_j * seconds / a.decode_s});
  };
  run.causes.push_back({"prefill", a.prefill_s, joules * above * a.prefill_share});
  decode("weights", run.scale * r.weights * a.output);
  decode("kv", run.scale * r.kv * a.output);
  decode("compute", run.scale * r.compute * a.output);
  decode("rest", std::max(a.decode_s - all, 0.0));
  if (a.static_share) run.causes.push_back({"static", 0, joules * still});
}

// What a named device is asked for, as predictions have it.
serving::Workload workload_of(const MeasuredAnswer& a, const RunMachine& m) {
  serving::Workload w;
  w.shape = a.shape;
  w.device = *m.device;
  w.devices = m.devices;
  w.batch = a.batch;
  w.input = std::max(a.prompt, 1.0);
  w.output = std::max(a.output, 1.0);
  serving::set_precision(w, "");
  return w;
}

// Least energies of bytes and FLOPs: docs/physics-explain.md.
LeastEnergy least_of(const RunExplanation& run) {
  if (!run.machine.device) return cpu_least_energy(run.machine.cache_bytes);
  LeastEnergy least = least_energy(workload_of(run.answer, run.machine));
  least.on_chip_bytes *= run.machine.devices;
  return least;
}

double best_batch(const MeasuredAnswer& a, const RunMachine& m) {
  constexpr double kMost = 4096;
  if (!m.device) return kBestBatch;
  return std::max(a.batch, serving::fitting_batch(workload_of(a, m), a.prompt + a.output, kMost));
}

void add_floor(RunExplanation& run) {
  const LeastEnergy least = least_of(run);
  run.best_batch = best_batch(run.answer, run.machine);
  const MeasuredAnswer& a = run.answer;
  const TokenWork w = token_work(a.shape, context_of(a), a.batch);
  const TokenWork full = token_work(a.shape, context_of(a), run.best_batch);
  run.weights_in_cache = w.weight_bytes <= least.on_chip_bytes;
  const double byte = run.weights_in_cache ? least.on_chip_byte : least.device_byte;
  const double kv_byte = w.weight_bytes + a.batch * w.kv_bytes <= least.on_chip_bytes ? least.on_chip_byte : least.device_byte;
  const double own = w.kv_bytes * kv_byte + w.flops * least.flop;
  run.floor_token_j = w.weight_bytes * byte / a.batch + own;
  run.best_floor_token_j = full.weight_bytes * byte / run.best_batch + own;
  const double prompt = (a.prompt - a.cached) * 2 * a.shape.active_params() * least.flop;
  run.floor_j = run.floor_token_j * a.output + prompt;
}

Status check(const MeasuredAnswer& a, const RunMachine& m) {
  if (!m.device && a.cpu != m.cpu) {
    return fail(ErrorKind::input, "explain.other_machine",
                fmt::format("the run is of \"{}\", the calibration of \"{}\"", a.cpu, m.cpu),
                "explain it on the machine that it ran on, after `joulebook calibrate` there");
  }
  if (!a.energy.present()) {
    const Reason& r = *a.energy.reason;
    return fail(ErrorKind::no_reading, r.code, "the run has no energy: " + r.message, r.cure);
  }
  if (!(a.output >= 1) || !(a.decode_s > 0)) {
    return fail(ErrorKind::input, "explain.no_tokens", "the run has no answer whose tokens were counted",
                "explain a run of `joulebook ask` or `joulebook study` that ended");
  }
  return {};
}

std::string_view cause_text(std::string_view cause) {
  if (cause == "prefill") return "reading the prompt";
  if (cause == "kv") return "KV cache";
  if (cause == "rest") return "launch and the rest";
  if (cause == "static") return "static power";
  return cause;
}

std::string machine_text(const RunMachine& m) {
  return m.device ? fmt::format("{:g} x {}", m.devices, m.cpu) : fmt::format("{}, {} threads", m.cpu, m.threads);
}

}  // namespace

Result<RunExplanation> explain_run(const MeasuredAnswer& answer, const RunMachine& machine,
                                   const serving::ServingFit& fit) {
  if (auto ok = check(answer, machine); !ok) return fail(ok.error());
  RunExplanation run;
  run.answer = answer;
  run.machine = machine;
  add_causes(run, fit.parameters[serving::overlap_products]);
  add_floor(run);
  if (*answer.energy.value < run.floor_j) {
    return fail(ErrorKind::negative, "explain.below_floor",
                fmt::format("{} for a response is below its floor of {}", human(*answer.energy.value, "J"),
                            human(run.floor_j, "J")),
                "the sensor does not cover what did the work: see `joulebook sensors`");
  }
  constexpr std::size_t kShown = 3;
  run.changes = Changes(run, fit).best(kShown);
  return run;
}

RunMachine named_machine(const serving::Device& d, double devices, const serving::ServingFit& fit) {
  const auto kind = static_cast<std::size_t>(d.kind);
  // Up to the data sheet's; as far below the fitted share of it.
  const auto rate = [&](double peak, double share) {
    return Rate{peak * share, peak * share * share, peak};
  };
  RunMachine m;
  m.cpu = d.name;
  m.bandwidth = rate(devices * d.bandwidth, fit.parameters[serving::bandwidth_h100 + kind]);
  m.arithmetic = rate(devices * d.rate16, fit.parameters[serving::compute_h100 + kind]);
  m.arithmetic_kind = "16 bit";
  m.device = d;
  m.devices = devices;
  return m;
}

double step_seconds(const serving::Shape& shape, double context, const RunMachine& m, double overlap, double batch) {
  return roofline(token_work(shape, context, batch), batch, m.bandwidth.value, m.arithmetic.value, overlap).seconds;
}

std::string to_text(const RunExplanation& run) {
  const MeasuredAnswer& a = run.answer;
  const double joules = *a.energy.value;
  std::string text = fmt::format("{}{}{}, {} on {}{}: {:.4g} tokens in, {:.4g} out\n  {} per response; boundary {}\n\n",
                                 a.id, a.name.empty() ? "" : ", ", a.name, a.model, machine_text(run.machine),
                                 a.batch == 1 ? "" : fmt::format(", {:g} at a time", a.batch), a.prompt, a.output, human(a.energy), a.energy.boundary);
  text += "  where the joules go        energy                time\n";
  for (const CauseShare& c : run.causes) {
    text += fmt::format("    {:<22} {:>9} {:>6.1f} %   {}\n", cause_text(c.cause), human(c.joules, "J"),
                        100 * c.joules / joules, c.seconds > 0 ? human(c.seconds, "s") : "");
  }
  if (!a.static_share) text += fmt::format("    static power is not told apart: {}\n", a.static_reason.message);
  text += fmt::format("  {}: {} and {} ({})\n",
                      run.machine.device ? "data sheet and fit" : "calibrated " + run.machine.measured_utc.substr(0, 10),
                      human(run.machine.bandwidth.value, "B/s"), human(run.machine.arithmetic.value, "OP/s"),
                      run.machine.arithmetic_kind);
  if (run.scale < 1) {
    text += fmt::format("  the steps were {:.3g} times as fast as these rates allow: caches, or a calibration that was disturbed\n",
                        1 / run.scale);
  }
  text += fmt::format("\n  floor {} ({:.3g} times above it), weights from {}; {} with {:g} at a time; static power apart\n\n",
                      human(run.floor_j, "J"), joules / run.floor_j, run.weights_in_cache ? "the cache" : "memory",
                      human(run.best_floor_token_j * a.output, "J"), run.best_batch);
  text += "  what would save most      after   factor\n";
  for (const RunChange& c : run.changes) {
    text += fmt::format("    {:<18} {:>9} {:>8.3g}   {:.2f}-{:.2f}{}\n", c.text, human(joules * c.factor, "J"),
                        c.factor, c.lo, c.hi, c.alters_answers ? "  *" : "");
  }
  return text + "  * the answers change with it; what they are then worth is not predicted\n";
}

Json to_json(const RunExplanation& run) {
  const MeasuredAnswer& a = run.answer;
  const double joules = *a.energy.value;
  const auto part = [&](double value) {
    Quantity q = scaled(a.energy, value / joules, "response");
    q.tier = weakest(q.tier, Tier::modelled);
    q.method = "share of the measured energy by the time that the calibrated rates give it";
    return to_json(q);
  };
  const auto bound = [](double value, const char* per) {
    return to_json(modelled(value, {value, value}, "J", per,
                            {"", "floor: bytes and FLOPs at their least energy, static power apart", 1}));
  };
  Json causes = Json::array(), changes = Json::array();
  for (const CauseShare& c : run.causes) {
    causes.push(Json::object({{"cause", c.cause}, {"seconds", c.seconds}, {"share", c.joules / joules}, {"energy", part(c.joules)}}));
  }
  for (const RunChange& c : run.changes) {
    const Quantity factor =
        modelled(c.factor, {c.lo, c.hi}, "1", "",
                 {"", "calibrated rates and their ends; between nothing and all of the rest shared by a batch"});
    changes.push(Json::object({{"change", c.text}, {"answers_may_change", c.alters_answers}, {"factor", to_json(factor)}}));
  }
  Json json = Json::object({{"schema", "joulebook.run-explanation/1"}, {"id", a.id}, {"name", a.name}, {"model", a.model},
                            {"cpu", a.cpu}, {"device", run.machine.cpu}, {"prompt_tokens", a.prompt}, {"output_tokens", a.output},
                            {"energy", to_json(a.energy)}, {"causes", causes},
                            {"floor", bound(run.floor_j, "response")}, {"times_above_floor", joules / run.floor_j},
                            {"floor_per_token", bound(run.floor_token_j, "output token")},
                            {"floor_per_token_at_best_batch", bound(run.best_floor_token_j, "output token")},
                            {"best_batch", run.best_batch}, {"faster_than_calibrated", 1 / run.scale}, {"changes", changes}});
  if (!a.static_share) json.set("static", to_json(Quantity::absent("J", a.static_reason)));
  return json;
}

Json to_json(std::span<const RunExplanation> runs) {
  Json answers = Json::array();
  for (const RunExplanation& run : runs) answers.push(to_json(run));
  return Json::object({{"schema", "joulebook.run-explanations/1"}, {"answers", answers}});
}

}  // namespace joulebook::explain
