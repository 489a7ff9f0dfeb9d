#include "fakes/simulated_costs.h"

#include <algorithm>

namespace joulebook::fakes {

namespace {

Costs of_a_processor() {
  Costs c;
  c.weights_j = 0.58;
  c.weights_s = 0.05;
  c.host_s = 0.0048;
  c.sequence_s = 0;
  c.active_w = c.gap_w = 19;
  c.token_j = 0.057;
  c.token_s = 0.0017;
  c.context_j = 2.7e-5;
  c.context_s = 4.4e-6;
  c.prompt_j = 0.0065;
  c.prompt_s = 1.24e-4;
  c.attend_j = c.attend_s = 0;
  return c;
}

}  // namespace

Costs shaken(const SimulatedEngineOptions& o) {
  Costs c = o.slow ? of_a_processor() : Costs{};
  c.linear = o.slow;
  Dice dice((o.machine != 0 ? o.machine : o.seed) * 7919 + 13);
  for (double* x :
       {&c.weights_j, &c.active_w, &c.gap_w, &c.token_j, &c.context_j, &c.prompt_j, &c.attend_j,
        &c.weights_s, &c.token_s, &c.context_s, &c.prompt_s, &c.attend_s, &c.host_s}) {
    const double by = 0.3 + 0.2 * dice.unit();
    *x *= 1 + o.shake * (dice.unit() < 0.5 ? -by : by);
  }
  for (double* x : {&c.weights_j, &c.active_w, &c.gap_w}) *x *= o.common_times;
  for (double* x : {&c.token_j, &c.context_j}) *x *= o.decode_times;
  for (double* x : {&c.prompt_j, &c.attend_j}) *x *= o.prompt_times;
  return c;
}

StepCost step_cost(const Costs& c, double n, double memory_s, double compute_s, double own_j, double jitter) {
  if (n < 0.5) return {};
  const double m = c.weights_s + memory_s;
  const double device = c.linear ? m + compute_s : std::sqrt(m * m + compute_s * compute_s + 0.6 * m * compute_s);
  StepCost s{.seconds = (device + c.host_s + c.sequence_s * n) * jitter};
  const double gap = std::min(c.host_s, s.seconds / 2);
  s.common = c.weights_j + c.active_w * (s.seconds - gap) + c.gap_w * gap;
  const double free_w = (s.common + own_j) / s.seconds;
  if (!c.linear) s.bend = std::pow(1 + std::pow(free_w / c.limit_w, 6), -1.0 / 6);
  s.joules = s.bend * (s.common + own_j);
  return s;
}

}  // namespace joulebook::fakes
