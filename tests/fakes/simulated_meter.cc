// What the simulated engine's power shows on a counter, its work on a metrics page, and how its owner
// would name the model.
#include <algorithm>
#include <cmath>

#include "fakes/simulated_engine.h"

namespace joulebook::fakes {

std::vector<attribution::EngineReading> pages_of(const SimulatedRun& run, bool at_end) {
  std::vector<attribution::EngineReading> out;
  double prompt = 0, output = 0, steps = 0;
  std::size_t next = 0;
  for (double t = 0; t < run.end_s + 2; t += 1) {
    while (next < run.spans.size() && run.spans[next].end_s <= t) {
      prompt += run.spans[next].prompt;
      output += run.spans[next].output;
      steps += 1;
      ++next;
    }
    const bool busy = next < run.spans.size() && run.spans[next].begin_s <= t;
    attribution::EngineReading r;
    r.begin = {static_cast<std::int64_t>(std::llround(t * 1e9))};
    r.end = {r.begin.ns + 5'000'000};
    r.running = busy ? run.spans[next].running : 0;
    r.waiting = busy ? run.spans[next].waiting : 0;
    r.prompt_tokens = prompt;
    r.output_tokens = output;
    if (at_end) {
      r.output_tokens = 0;
      for (const JobTruth& job : run.jobs) *r.output_tokens += job.done && !job.cancelled && job.ended_s <= t ? job.made : 0;
    }
    r.steps = steps;
    out.push_back(r);
  }
  return out;
}

std::vector<attribution::ActiveEnergy> metered(const SimulatedRun& run, double length_s,
                                               double tick_s) {
  // Energy at each tick, then at each edge between the two ticks around it.
  const auto ticks = static_cast<std::size_t>(std::ceil(run.end_s / tick_s)) + 3;
  std::vector<double> at(ticks, 0);
  std::size_t span = 0;
  double before = 0;
  for (std::size_t k = 0; k < ticks; ++k) {
    const double t = static_cast<double>(k) * tick_s + 0.037;  // where its ticks fall
    while (span < run.spans.size() && run.spans[span].end_s <= t)
      before += run.spans[span++].joules;
    at[k] = before + run.idle_w * t;
    if (span < run.spans.size() && run.spans[span].begin_s < t) {
      const PowerSpan& s = run.spans[span];
      at[k] += s.joules * (t - s.begin_s) / (s.end_s - s.begin_s);
    }
  }
  const auto edge = [&](double t, double& width) {
    const double k = std::max((t - 0.037) / tick_s, 0.0);
    const auto i = std::min(static_cast<std::size_t>(k), ticks - 2);
    width = at[i + 1] - at[i];
    return at[i] + (k - static_cast<double>(i)) * width;
  };
  std::vector<attribution::ActiveEnergy> out;
  double low_width = 0, high_width = 0;
  std::int64_t last = to_microjoules(Joules(edge(0, low_width))).count;
  for (double t = 0; t < run.end_s; t += length_s) {
    const std::int64_t next = to_microjoules(Joules(edge(t + length_s, high_width))).count;
    const std::int64_t idle = to_microjoules(Joules(run.idle_w * length_s)).count;
    attribution::ActiveEnergy e;
    e.begin = {static_cast<std::int64_t>(std::llround(t * 1e9))};
    e.end = {static_cast<std::int64_t>(std::llround((t + length_s) * 1e9))};
    e.domain = "gpu:0";
    e.active = {std::max<std::int64_t>(next - last - idle, 0)};
    e.energy = Quantity::exact(to_joules(e.active).value(), "J");
    const double half = (low_width + high_width) / 2;
    e.energy.own = {std::max(*e.energy.value - half, 0.0), *e.energy.value + half};
    e.energy.level = 1;
    e.energy.boundary = "gpu";
    out.push_back(std::move(e));
    last = next;
    low_width = high_width;
  }
  return out;
}

attribution::ServedModel simulated_model(int experts, double chosen) {
  attribution::ServedModel m;
  m.name = experts > 0 ? "Simulated-8B-experts" : "Simulated-8B";
  serving::Workload& w = m.work;
  w.shape.name = m.name;
  w.shape.layers = 32;
  w.shape.attention_params = 1.3e9;
  w.shape.ffn_params = 5.6e9;
  w.shape.head_params = 5e8;
  w.shape.kv_bytes = 131072;
  w.shape.attention_flops = 524288;
  w.shape.prompt_attention_flops = 524288;
  if (experts > 0) {
    w.shape.expert_layers = w.shape.layers;
    w.shape.experts = experts;
    w.shape.chosen = chosen;
    w.shape.expert_params = 2e10 / w.shape.layers / experts;
  }
  w.device.name = "H100";
  w.device.bandwidth = 3.35e12;
  w.device.rate16 = 989e12;
  w.device.power_limit = 700;
  return m;
}

}  // namespace joulebook::fakes
