#pragma once
// The floor below which physics would not let an answer go: every byte moved once from the nearest
// memory level that it fits, every FLOP done once, at the least energy that the literature or the
// fit's own bounds leave to each; static power apart. docs/physics-explain.md has the sources.
//
// Bytes: the weights that a step touches (once a step, however many replicas), the KV cache and state
// of its sequences, as the serving model counts them. FLOPs: decode, attention and prefill. Nothing
// for logits, activations, links, launches or the host: a floor may be too low, never too high.
// Pure; thread-safe.
#include <string_view>

#include "physics/explain/deployment.h"

namespace joulebook::explain {

enum class MemoryLevel { on_chip, device, host };
[[nodiscard]] std::string_view to_string(MemoryLevel level);

// Least energies of a device, joules a byte and a FLOP.
struct LeastEnergy {
  double on_chip_byte = 0;
  double device_byte = 0;
  double host_byte = 0;
  double flop = 0;           // at the workload's precision
  double on_chip_bytes = 0;  // that one device holds: caches, shared memory, registers
};
[[nodiscard]] LeastEnergy cpu_least_energy(double cache_bytes);
[[nodiscard]] LeastEnergy least_energy(const serving::Workload& work);

struct Floor {
  double response_j = 0;     // devices, prefill inside, static power apart
  double token_j = 0;
  double bytes_j = 0;        // of a token
  double flops_j = 0;        // of a token
  MemoryLevel weights_level = MemoryLevel::device;
  MemoryLevel cache_level = MemoryLevel::device;
  // Idle power of the devices for the time that peak bandwidth and peak rate take, a token.
  double static_token_j = 0;
  double batch = 1;
  // The same at the best batch of those that fit in memory with whole answers.
  double best_batch = 1;
  double best_token_j = 0;
  double best_static_token_j = 0;
};
[[nodiscard]] Floor floor_of(const Deployment& deployment, const serving::Parameters& parameters);

}  // namespace joulebook::explain
