#pragma once
// The parameters of the serving model. Each belongs to a kind of hardware, an engine version, a
// precision, a layer type or a task, never to a model; each has a meaning, a neutral value to start
// from and bounds that no fit leaves. docs/physics-serving.md explains the terms.
//
// A fit moves free coordinates x: value = lo (hi/lo)^s(x), s a logistic curve through the neutral
// value at x = 0, so that the prior is a unit Gaussian in x.
#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace joulebook::serving {

// Kinds of hardware in the data. Any other device is computed with its own data sheet and the
// coefficients of the kind nearest in generation (machines.h).
enum class Kind { h100, b200, a100, a40, v100 };
constexpr std::size_t kKinds = 5;

// X(id, unit, neutral, lo, hi): meaning beside it. Rows of one property by kind stand together in
// the order of Kind.
#define JOULEBOOK_SERVING_PARAMETERS(X)                                                         \
  /* Share of peak bandwidth that matrix products reach when they stream weights. */            \
  X(bandwidth_h100, "1", 0.8, 0.5, 0.97)                                                        \
  X(bandwidth_b200, "1", 0.8, 0.5, 0.97)                                                        \
  X(bandwidth_a100, "1", 0.8, 0.5, 0.97)                                                        \
  X(bandwidth_a40, "1", 0.8, 0.5, 0.97)                                                         \
  X(bandwidth_v100, "1", 0.8, 0.5, 0.97)                                                        \
  /* Share of peak 16-bit rate that matrix products reach. */                                   \
  X(compute_h100, "1", 0.6, 0.25, 0.9)                                                          \
  X(compute_b200, "1", 0.6, 0.25, 0.9)                                                          \
  X(compute_a100, "1", 0.6, 0.25, 0.9)                                                          \
  X(compute_a40, "1", 0.6, 0.25, 0.9)                                                           \
  X(compute_v100, "1", 0.6, 0.25, 0.9)                                                          \
  /* Power with a model loaded and nothing running, share of the power limit. */                \
  X(idle_h100, "1", 0.16, 0.07, 0.3)                                                            \
  X(idle_b200, "1", 0.16, 0.07, 0.3)                                                            \
  X(idle_a100, "1", 0.16, 0.07, 0.3)                                                            \
  X(idle_a40, "1", 0.16, 0.07, 0.3)                                                             \
  X(idle_v100, "1", 0.16, 0.07, 0.3)                                                            \
  /* Power above idle while kernels run, whatever they do, share of the power limit. */         \
  X(active_h100, "1", 0.2, 0.03, 0.6)                                                           \
  X(active_b200, "1", 0.2, 0.03, 0.6)                                                           \
  X(active_a100, "1", 0.2, 0.03, 0.6)                                                           \
  X(active_a40, "1", 0.2, 0.03, 0.6)                                                            \
  X(active_v100, "1", 0.2, 0.03, 0.6)                                                           \
  /* Energy of a 16-bit FLOP, as a share of power limit / peak rate. */                         \
  X(flop_energy_h100, "1", 0.8, 0.2, 1.5)                                                       \
  X(flop_energy_b200, "1", 0.8, 0.2, 1.5)                                                       \
  X(flop_energy_a100, "1", 0.8, 0.2, 1.5)                                                       \
  X(flop_energy_a40, "1", 0.8, 0.2, 1.5)                                                        \
  X(flop_energy_v100, "1", 0.8, 0.2, 1.5)                                                       \
  /* Energy of a byte from device memory to the cores. */                                       \
  X(byte_energy_h100, "pJ/B", 70, 25, 150)                                                      \
  X(byte_energy_b200, "pJ/B", 60, 25, 150)                                                      \
  X(byte_energy_a100, "pJ/B", 80, 25, 150)                                                      \
  X(byte_energy_a40, "pJ/B", 110, 25, 300)                                                      \
  X(byte_energy_v100, "pJ/B", 80, 25, 200)                                                      \
  /* Share of peak bandwidth that attention reaches over the KV cache. */                       \
  X(kv_bandwidth_h100, "1", 0.6, 0.25, 0.95)                                                    \
  X(kv_bandwidth_b200, "1", 0.5, 0.15, 0.95)                                                    \
  X(kv_bandwidth_a100, "1", 0.6, 0.25, 0.95)                                                    \
  /* The same for the state of a recurrent layer, which is read and written. */                 \
  X(state_bandwidth_h100, "1", 0.5, 0.1, 1)                                                     \
  X(state_bandwidth_b200, "1", 0.5, 0.1, 1)                                                     \
  X(state_bandwidth_a100, "1", 0.5, 0.1, 1)                                                     \
  /* Grouped products of experts against dense ones: bandwidth, rate, rows a tile is padded to. */ \
  X(expert_bandwidth, "1", 0.7, 0.3, 1)                                                         \
  X(expert_compute, "1", 0.5, 0.1, 1)                                                           \
  X(expert_tile, "{token}", 16, 4, 64)                                                          \
  /* Tokens of a batch choose experts alike: share of independent choices. */                   \
  X(routing_spread, "1", 0.8, 0.4, 1)                                                           \
  /* Busiest device against the mean where experts are split between devices. */                \
  X(expert_imbalance, "1", 1.1, 1, 1.6)                                                         \
  /* 8-bit floats: bandwidth, share of the doubled rate in dense and in grouped products, energy   \
     of FLOP and byte against 16 bit. */                                                           \
  X(fp8_bandwidth, "1", 0.9, 0.4, 1.1)                                                          \
  X(fp8_compute, "1", 0.6, 0.15, 1)                                                             \
  X(fp8_expert_compute, "1", 0.6, 0.15, 1)                                                      \
  X(fp8_flop_energy, "1", 0.6, 0.3, 1.2)                                                        \
  X(fp8_byte_energy, "1", 1, 0.7, 1.5)                                                          \
  /* 4-bit weights with shared exponents, likewise; rate against 16 bit. */                     \
  X(fp4_bandwidth, "1", 0.9, 0.3, 1.2)                                                          \
  X(fp4_compute, "1", 0.9, 0.3, 2)                                                              \
  X(fp4_flop_energy, "1", 0.8, 0.3, 1.3)                                                        \
  X(fp4_byte_energy, "1", 1, 0.7, 2)                                                            \
  /* Exponents of the p-norms that overlap memory and compute, device and host, eager launch. */ \
  X(overlap_products, "1", 2.5, 1.3, 6)                                                         \
  X(overlap_host, "1", 2, 1, 6)                                                                 \
  X(overlap_eager, "1", 2, 1, 6)                                                                \
  /* Where the power limit bends the curve, share of the limit, and how sharply. */             \
  X(power_cap, "1", 0.985, 0.95, 1)                                                             \
  X(power_cap_sharpness, "1", 10, 4, 40)                                                        \
  /* Time per layer that no batch hides: captured graphs (v3), launch from Python (v2, v1). */  \
  X(layer_v3_h100, "us", 25, 8, 80)                                                             \
  X(layer_v3_b200, "us", 20, 5, 80)                                                             \
  X(layer_v2_h100, "us", 500, 150, 1500)                                                        \
  X(layer_v2_a100, "us", 500, 150, 1500)                                                        \
  X(layer_v1_a100, "us", 800, 300, 1500)                                                        \
  X(layer_v1_a40, "us", 700, 300, 1500)                                                         \
  X(layer_v1_v100, "us", 800, 300, 1500)                                                        \
  /* Kernels of a state-space and of an expert layer against an attention layer. */             \
  X(layer_state_space, "1", 2, 0.7, 6)                                                          \
  X(layer_experts, "1", 1.7, 1, 4)                                                              \
  /* A layer that also attends to an encoder: a second attention, and T5's code fuses no norm and \
     checks each part for overflow, about 75 kernels and 3 waits against 45. */                 \
  X(layer_cross, "1", 2.5, 1, 4)                                                                \
  /* Tensor parallelism in v2: launches against one device; one broadcast a step. */            \
  X(layer_v2_parallel, "1", 1.2, 1, 2)                                                          \
  X(step_v2_parallel, "us", 2000, 100, 20000)                                                   \
  /* Host time a step, and a sequence of it. */                                                 \
  X(step_v3_h100, "us", 1500, 300, 6000)                                                        \
  X(step_v3_b200, "us", 1500, 300, 6000)                                                        \
  X(sequence_v3_h100, "us", 25, 5, 80)                                                          \
  X(sequence_v3_b200, "us", 35, 5, 100)                                                         \
  X(step_v2_h100, "us", 4000, 500, 20000)                                                       \
  X(step_v2_a100, "us", 4000, 500, 20000)                                                       \
  X(sequence_v2_h100, "us", 300, 100, 700)                                                      \
  X(sequence_v2_a100, "us", 300, 100, 700)                                                      \
  /* v2: host time a sequence, per 1000 tokens of its context. */                               \
  X(context_v2, "us", 60, 5, 600)                                                               \
  /* v3: launch per layer beyond the largest captured graph (512 sequences), and of a step that \
     holds a prompt; of layers with more kernels, more. */                                      \
  X(uncaptured_h100, "us", 300, 30, 1500)                                                       \
  X(uncaptured_b200, "us", 400, 30, 1500)                                                       \
  /* v3: host time a step, per 1000 tokens of a long answer (text read again as it grows). */   \
  X(long_answer_h100, "us", 30, 3, 300)                                                         \
  X(long_answer_b200, "us", 3000, 300, 8000)                                                    \
  /* Passes over the logits that sampling takes. */                                             \
  X(sampling_v3, "1", 15, 2, 80)                                                                \
  X(sampling_v2, "1", 20, 4, 60)                                                                \
  /* All-reduce: latency by log2(devices), bandwidth a device, energy of a byte on the link. */ \
  X(reduce_latency, "us", 12, 4, 40)                                                            \
  X(link_bandwidth_h100, "GB/s", 250, 80, 450)                                                  \
  X(link_bandwidth_b200, "GB/s", 450, 150, 900)                                                 \
  X(link_bandwidth_a100, "GB/s", 120, 40, 300)                                                  \
  X(link_energy, "pJ/B", 100, 20, 500)                                                          \
  /* Time of a pipeline of two stages against one deployment of as many devices. */             \
  X(pipeline_time, "1", 1, 0.7, 2)                                                              \
  /* Share of its active power that a device draws while it waits for a peer or a launch. */    \
  X(waiting_power, "1", 0.6, 0.2, 1)                                                            \
  /* The same while it waits for the host. */                                                   \
  X(host_wait_power, "1", 0.3, 0.03, 0.9)                                                       \
  /* Prefill: rate against decode's products, time a step that holds one, data parallelism. */  \
  X(prefill_v3, "1", 0.8, 0.3, 1.2)                                                             \
  X(prefill_v2, "1", 0.8, 0.3, 1.2)                                                             \
  X(prefill_step_v2, "us", 10000, 1000, 60000)                                                  \
  X(prefill_state_space, "1", 2, 1, 6)                                                          \
  /* Which step the median gap between tokens sees; v2: share of time before the first token. */ \
  X(median_prefills, "1", 1.2, 0.5, 4)                                                          \
  X(first_token_v2, "1", 0.25, 0.05, 0.6)                                                       \
  X(first_token_power_v2, "1", 0.8, 0.3, 1.5)                                                   \
  /* Prompt tokens of a task, where the row does not give them (the releases publish none). */  \
  X(input_lm_arena_chat, "{token}", 230, 100, 400)                                              \
  X(input_gpqa, "{token}", 250, 150, 400)                                                       \
  X(input_sourcegraph_fim, "{token}", 1500, 500, 4000)                                          \
  X(input_image_chat, "{token}", 1200, 300, 4000)                                               \
  X(input_video_chat, "{token}", 4000, 1000, 20000)                                             \
  X(input_sharegpt_chat, "{token}", 170, 80, 400)                                               \
  X(input_humaneval, "{token}", 170, 120, 250)                                                  \
  X(input_llava, "{token}", 700, 500, 1500)                                                     \
  X(input_v1, "{token}", 60, 30, 120)                                                           \
  /* Host time for one image or video: decoding, resizing, encoding (a tenth of a request's). */ \
  X(image_h100, "us", 1000, 100, 20000)                                                         \
  X(image_b200, "us", 10000, 1000, 40000)                                                       \
  X(video_h100, "us", 4000, 100, 50000)                                                         \
  X(video_b200, "us", 10000, 1000, 50000)                                                       \
  /* Host time a step of the B200 machine while it also decodes images or videos. */            \
  X(image_step_b200, "us", 15000, 3000, 50000)                                                  \
  X(video_step_b200, "us", 10000, 1000, 50000)

enum Id : std::size_t {
#define JOULEBOOK_ID(id, unit, neutral, lo, hi) id,
  JOULEBOOK_SERVING_PARAMETERS(JOULEBOOK_ID)
#undef JOULEBOOK_ID
      kParameters
};

struct ParameterInfo {
  std::string_view name;
  std::string_view unit;
  double neutral;
  double lo;
  double hi;
};

// All, in the order of Id.
[[nodiscard]] std::span<const ParameterInfo> parameter_table();

using Parameters = std::array<double, kParameters>;

[[nodiscard]] Parameters neutral_parameters();
// Values of free coordinates, one each. REQUIRES: x.size() == kParameters.
[[nodiscard]] Parameters from_free(std::span<const double> x);
// The inverse; a value at or beyond a bound is taken just inside it.
[[nodiscard]] std::vector<double> to_free(const Parameters& values);

}  // namespace joulebook::serving
