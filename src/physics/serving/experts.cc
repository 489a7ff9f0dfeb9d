#include "physics/serving/experts.h"

#include <algorithm>
#include <cmath>

namespace joulebook::serving {
namespace {

// Bytes that all devices move for the rows of tokens that are routed, 16 bit: the two results of the
// first products and what they are joined to written and read, the row that comes out written and
// summed. Every device holds the rows of all tokens; where experts are sliced between devices and not
// split, a slice of what lies within.
double routed_bytes(const Workload& w, double tokens) {
  const Shape& s = w.shape;
  constexpr double kBytes = 2, kOutside = 2, kWithin = 6, kMatrices = 3;
  const double inner = s.expert_params / (kMatrices * s.hidden);
  const double slices = w.expert_parallel > 1 ? 1 : w.devices;
  return w.devices * kBytes * tokens * s.expert_layers * s.chosen *
         (kOutside * s.hidden + kWithin * inner / slices);
}

}  // namespace

Precision precision(const Workload& w, const Parameters& p) {
  const double doubled = w.device.rate8 / w.device.rate16;
  switch (w.weights) {
    case Weights::fp8:
      return {p[fp8_bandwidth], p[fp8_compute] * doubled, p[fp8_expert_compute] * doubled,
              p[fp8_flop_energy], p[fp8_byte_energy]};
    case Weights::fp4:
      return {p[fp4_bandwidth], p[fp4_compute], p[fp4_compute], p[fp4_flop_energy],
              p[fp4_byte_energy]};
    case Weights::bits16:
      break;
  }
  return {};
}

Product overlapped(double memory, double compute, double p) {
  const double m = std::pow(memory, p), c = std::pow(compute, p);
  if (m + c <= 0) return {};
  return {std::pow(m + c, 1 / p), m / (m + c)};
}

Grouped grouped(const Workload& w, const Parameters& p, double tokens) {
  const Shape& s = w.shape;
  const Precision x = precision(w, p);
  const auto kind = static_cast<std::size_t>(w.device.kind);
  const double bandwidth = w.devices * w.device.bandwidth * p[bandwidth_h100 + kind];
  const double rate = w.devices * w.device.rate16 * p[compute_h100 + kind];
  Grouped g;
  const double choices = std::max(tokens * p[routing_spread], 1.0);
  g.touched = s.experts * (1 - std::pow(1 - s.chosen / s.experts, choices));
  g.bytes = s.expert_layers * g.touched * s.expert_params * w.expert_bytes;
  g.routed = routed_bytes(w, tokens);
  const double per_row = 2 * s.expert_layers * s.expert_params;
  g.flops = per_row * tokens * s.chosen;
  const double padded = per_row * std::max(tokens * s.chosen, g.touched * p[expert_tile]);
  g.time = overlapped(g.bytes / (bandwidth * x.bandwidth * p[expert_bandwidth]),
                      padded / (rate * x.expert_compute * p[expert_compute]), p[overlap_products]);
  const double busiest = w.expert_parallel > 1 ? p[expert_imbalance] : 1;
  g.time.seconds = g.time.seconds * busiest + g.routed / bandwidth;
  return g;
}

double fullest(double sum, double n) {
  constexpr double kMany = 300;  // from here on the excess over the mean grows with its root
  const double mean = sum / n;
  if (mean > kMany) return mean + (fullest(n * kMany, n) - kMany) * std::sqrt(mean / kMany);
  double term = std::exp(-mean), below = term, expected = 0;
  for (int k = 1; k <= 1000; ++k) {
    const double more = 1 - std::pow(below, n);  // the chance that somebody has k or more
    expected += more;
    if (more < 1e-9 && k > mean) break;
    term *= mean / k;
    below = std::min(below + term, 1.0);
  }
  return expected;
}

bool steps_together(const Workload& w) { return w.data_parallel > 1 && w.shape.experts > 0; }

}  // namespace joulebook::serving
