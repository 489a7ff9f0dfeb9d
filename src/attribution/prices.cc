#include "attribution/prices.h"

#include <algorithm>
#include <cmath>

#include "physics/serving/fit_file.h"

namespace joulebook::attribution {
namespace {

constexpr double kPico = 1e-12;

double by_kind(const serving::Parameters& p, serving::Id first, const serving::Workload& w) {
  return p[first + static_cast<std::size_t>(w.device.kind)];
}

// Products of one token and the rest of a step, before energies: counts of step_model.cc.
struct Counts {
  double dense_bytes, token_flops, kv_bytes, prompt_flops, expert_bytes;
};

Counts counts_of(const serving::Workload& w) {
  const serving::Shape& s = w.shape;
  const double dense = s.attention_params + s.ffn_params;
  const double chosen = s.expert_layers * s.chosen * s.expert_params;
  const double reader = s.encoder_params > 0 ? s.encoder_params : dense;
  return {dense * w.weight_bytes + s.head_params * w.head_bytes,
          2 * (dense + s.head_params + chosen) + s.state_flops, s.kv_bytes * w.kv_scale,
          2 * (reader + chosen) + s.state_flops,
          s.expert_layers * s.experts * s.expert_params * w.expert_bytes};
}

void price_energy(Prices& out, const serving::Workload& w, const Counts& c) {
  const serving::Parameters& p = serving::built_in_fit().parameters;
  const double limit = w.device.power_limit;
  const double flop = by_kind(p, serving::flop_energy_h100, w) * limit / w.device.rate16;
  const double byte = by_kind(p, serving::byte_energy_h100, w) * kPico;
  out.joules[kStep] = byte * c.dense_bytes;
  out.joules[kTime] = w.devices * limit * by_kind(p, serving::active_h100, w);
  out.joules[kToken] = flop * c.token_flops + byte * w.shape.state_bytes;
  out.joules[kContext] = byte * c.kv_bytes + flop * w.shape.attention_flops;
  out.joules[kPrompt] = flop * c.prompt_flops;
  out.joules[kPromptContext] = flop * w.shape.prompt_attention_flops;
  out.expert_joules = byte * c.expert_bytes;
}

void price_time(Prices& out, const serving::Workload& w, const Counts& c) {
  const serving::Parameters& p = serving::built_in_fit().parameters;
  const double bandwidth = w.devices * w.device.bandwidth * by_kind(p, serving::bandwidth_h100, w);
  const double rate = w.devices * w.device.rate16 * by_kind(p, serving::compute_h100, w);
  out.seconds[kStep] = c.dense_bytes / bandwidth;
  out.seconds[kToken] = c.token_flops / rate;
  out.seconds[kContext] = c.kv_bytes / bandwidth;
  out.seconds[kPrompt] = c.prompt_flops / rate;
  out.seconds[kPromptContext] = w.shape.prompt_attention_flops / rate;
  out.expert_seconds = c.expert_bytes / bandwidth;
}

serving::Workload common_workload() {
  serving::Workload w;
  serving::Shape& s = w.shape;
  s.name = "common";
  s.layers = 32;
  s.attention_params = 1.3e9;
  s.ffn_params = 5.6e9;
  s.head_params = 5e8;
  s.kv_bytes = 131072;         // 8 heads of 128, keys and values, 2 bytes, 32 layers
  s.attention_flops = 524288;  // 4 FLOPs x 32 heads of 128 x 32 layers
  s.prompt_attention_flops = s.attention_flops;
  w.device.bandwidth = 3.35e12;  // NVIDIA H100 SXM data sheet
  w.device.rate16 = 989e12;
  w.device.power_limit = 700;
  return w;
}

}  // namespace

double Prices::touched(double tokens) const {
  return chosen_share > 0 ? 1 - std::pow(1 - chosen_share, std::max(tokens, 0.0)) : 0;
}

double Prices::seen(double context) const {
  const double near = window > 0 ? std::min(context, window) : context;
  return (1 - window_share) * context + window_share * near;
}

Prices prices_of(const serving::Workload& work) {
  Prices out;
  const Counts counts = counts_of(work);
  price_energy(out, work, counts);
  price_time(out, work, counts);
  // Of coefficients that no run on this device confirmed: off by half is common.
  out.spread = {0.8, 0.8, 0.8, 0.8, 0.8, 0.8};
  out.doubt = 0.05;
  const serving::Shape& s = work.shape;
  if (s.experts > 0) out.chosen_share = std::min(s.chosen / s.experts, 1.0);
  out.window = s.window;
  out.window_share = s.window_share;
  const serving::Parameters& p = serving::built_in_fit().parameters;
  out.limit_w = work.devices * work.device.power_limit *
                (p[serving::power_cap] - by_kind(p, serving::idle_h100, work));
  out.known = true;
  for (const double j : out.joules) out.known = out.known && std::isfinite(j) && j >= 0;
  return out.known ? out : common_prices();
}

Prices common_prices() {
  const serving::Workload work = common_workload();
  Prices out;
  const Counts counts = counts_of(work);
  price_energy(out, work, counts);
  price_time(out, work, counts);
  out.spread = {1.5, 1.5, 1.5, 1.5, 1.5, 1.5};
  out.doubt = 0.25;
  return out;
}

}  // namespace joulebook::attribution
