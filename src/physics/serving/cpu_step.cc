#include "physics/serving/cpu_step.h"

#include <algorithm>
#include <cmath>

#include "physics/serving/interval.h"
#include "physics/serving/step_model.h"

namespace joulebook::serving {
namespace {

constexpr double kWide = 2;           // bytes of a number of 16 bits
constexpr double kPromptTokens = 512;  // llama.cpp's n_ubatch: weights are read once for so many

// One choice of everything that has an interval.
struct Nominal {
  double bandwidth, arithmetic, prompt, step;
  double memory_w, arithmetic_w, idle_w;
};

Nominal nominal(const CpuRates& m) {
  return {m.bandwidth.value, m.arithmetic.value,   kEngine.prompt.value, kEngine.step.value,
          m.memory_w.value,  m.arithmetic_w.value, m.idle_w.value};
}

double& at(std::array<double, kCauses>& values, Cause cause) {
  return values[static_cast<std::size_t>(cause)];
}

StoredBytes stored_of(const Workload& w) {
  return {w.weight_bytes, w.expert_bytes, w.head_bytes, w.embedding_bytes, kWide * w.kv_scale};
}

struct Reading {
  Roofline line;  // of one prompt
  double weight_bytes = 0, flops = 0;
};

// One prompt, what the cache holds left out; its head is for the last token alone.
Reading reading(const Workload& w, double input, const Nominal& n, double overlap) {
  const Shape& s = w.shape;
  const double tokens = std::max(input * (1 - w.cached), 1.0);
  const double seen = input * w.input_second * (1 + w.cached) / 2;
  const TokenWork t = token_work(s, stored_of(w), seen, std::min(tokens, kPromptTokens));
  const double each = s.encoder_params > 0 ? 2 * s.encoder_params : t.flops - 2 * s.head_params;
  TokenWork all;
  all.weight_bytes = std::ceil(tokens / kPromptTokens) * t.weight_bytes;
  all.flops = tokens * each;
  return {roofline(all, 1, n.bandwidth, n.arithmetic, overlap), all.weight_bytes, all.flops};
}

void spend(Prediction& r, const Nominal& n) {
  const double memory = std::max(n.memory_w - n.idle_w, 0.0);
  const double compute = std::max(n.arithmetic_w - n.idle_w, 0.0);
  const auto cost = [&](Cause cause, double watts) { at(r.joules, cause) = watts * at(r.seconds, cause); };
  cost(Cause::weights, memory);
  cost(Cause::kv, memory);
  cost(Cause::compute, compute);
  cost(Cause::prefill, compute + n.idle_w);  // prompts are read apart: their static power is theirs
  cost(Cause::launch, 0.5 * (memory + compute));
  at(r.joules, Cause::floor) = n.idle_w * r.decode_s;
}

Prediction predicted(const Workload& w, const Nominal& n) {
  constexpr double kUsualPrompt = 250;
  Prediction r;
  r.input = w.input > 0 ? w.input : kUsualPrompt;
  const double overlap = w.device.cpu->overlap, rows = w.batch * w.verified;
  TokenWork t = token_work(w.shape, stored_of(w), r.input + w.output * w.output_second / 2, rows);
  t.flops *= w.verified;
  const Roofline step = roofline(t, w.batch, n.bandwidth, n.arithmetic, overlap);
  const Reading prompt = reading(w, r.input, n, overlap);
  const double prompts = w.batch * w.emitted / (w.output * w.samples);
  r.decode_s = n.step * step.seconds;
  r.prefill_s = prompts * n.prompt * prompt.line.seconds;
  r.step_s = r.tpot_mean_s = r.decode_s + r.prefill_s;
  r.tpot_median_s = r.decode_s;
  // An engine faster than the rates has no launch to show.
  const double shown = std::min(n.step, 1.0);
  at(r.seconds, Cause::weights) = shown * step.weights;
  at(r.seconds, Cause::kv) = shown * step.kv;
  at(r.seconds, Cause::compute) = shown * step.compute;
  at(r.seconds, Cause::launch) = r.decode_s - shown * step.seconds;
  at(r.seconds, Cause::prefill) = r.prefill_s;
  spend(r, n);
  double joules = 0;
  for (const double j : r.joules) joules += j;
  r.power_w = joules / r.step_s;
  r.j_per_token = joules / (w.batch * w.emitted);
  r.weight_bytes_read = t.weight_bytes + prompts * prompt.weight_bytes;
  r.kv_bytes_read = w.batch * t.kv_bytes;
  r.flops = w.batch * t.flops + prompts * prompt.flops;
  const Shape& s = w.shape;
  r.experts_touched = s.experts > 0 ? s.experts * (1 - std::pow(1 - s.chosen / s.experts, rows)) : 0;
  return r;
}

}  // namespace

TokenWork token_work(const Shape& s, const StoredBytes& stored, double context, double sequences) {
  TokenWork w;
  const double touched = s.experts > 0 ? s.experts * (1 - std::pow(1 - s.chosen / s.experts, sequences)) : 0;
  w.weight_bytes = (s.attention_params + s.ffn_params) * stored.dense + s.head_params * stored.head +
                   s.expert_layers * touched * s.expert_params * stored.expert;
  w.kv_bytes = s.kv_bytes * stored.kv / kWide * context_seen(s, context) + s.state_bytes;
  w.flops = 2 * s.active_params() + s.attention_flops * context_seen(s, context) + s.state_flops;
  return w;
}

Roofline roofline(const TokenWork& w, double batch, double bandwidth, double rate, double overlap) {
  const double weights = w.weight_bytes / bandwidth, kv = batch * w.kv_bytes / bandwidth;
  const double compute = batch * w.flops / rate;
  const double m = std::pow(weights + kv, overlap), c = std::pow(compute, overlap);
  Roofline r;
  r.seconds = std::pow(m + c, 1 / overlap);
  const double memory = r.seconds * m / (m + c);
  r.weights = memory * weights / (weights + kv);
  r.kv = memory * kv / (weights + kv);
  r.compute = r.seconds - memory;
  return r;
}

Prediction predict_on_cpu(const Workload& work) { return predicted(work, nominal(*work.device.cpu)); }

Factors cpu_factors(const Workload& w) {
  const CpuRates& m = *w.device.cpu;
  const Nominal middle = nominal(m);
  const double best = predicted(w, middle).j_per_token;
  const auto ratio = [&](const Nominal& n) { return std::log(predicted(w, n).j_per_token / best); };
  Nominal rates[2] = {middle, middle}, losses[2] = {middle, middle}, watts[2] = {middle, middle};
  rates[0].bandwidth = m.bandwidth.hi, rates[0].arithmetic = m.arithmetic.hi;
  rates[1].bandwidth = m.bandwidth.lo, rates[1].arithmetic = m.arithmetic.lo;
  losses[0].prompt = kEngine.prompt.lo, losses[0].step = kEngine.step.lo;
  losses[1].prompt = kEngine.prompt.hi, losses[1].step = kEngine.step.hi;
  watts[0].memory_w = m.memory_w.lo, watts[0].arithmetic_w = m.arithmetic_w.lo, watts[0].idle_w = m.idle_w.lo;
  watts[1].memory_w = m.memory_w.hi, watts[1].arithmetic_w = m.arithmetic_w.hi, watts[1].idle_w = m.idle_w.hi;
  const auto end = [&](int i) { return std::hypot(ratio(rates[i]), ratio(losses[i]), ratio(watts[i])); };
  return {std::exp(-end(0)), std::exp(end(1))};
}

}  // namespace joulebook::serving
