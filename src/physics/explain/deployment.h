#pragma once
// A deployment as explanations see it: a serving workload, and what the serving model leaves outside
// (clocks, the boundary); the factors by which two of them can differ; and its energy.
// Plain values, pure functions; thread-safe.
#include <joulebook/result.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "physics/explain/clocks.h"
#include "physics/serving/step_model.h"

namespace joulebook::explain {

// The factors of DESIGN.md, and `engine`: a version of the serving software is neither hardware nor
// traffic, and from one version to the next it has moved energy by up to 41 %.
//   batch      sequences at a time
//   context    tokens that are read: the prompt, and what attention sees at each token
//   tokens     how many tokens an answer has
//   cache      share of the prompt that comes from the prompt cache
//   precision  bits of weights and of the KV cache
//   clocks     core clock, power cap
//   hardware   device, how many, and how the model is laid out on them
//   engine     version of the serving software
//   boundary   host, cooling and supply beside the devices
//   shape      the model
enum class Factor { batch, context, tokens, cache, precision, clocks, hardware, engine, boundary, shape };
inline constexpr std::size_t kFactors = 10;
[[nodiscard]] std::string_view to_string(Factor factor);
[[nodiscard]] constexpr std::uint32_t bit(Factor factor) { return 1U << static_cast<unsigned>(factor); }

struct Deployment {
  std::string name;               // of the model, as it was asked for
  serving::Workload work;         // work.output: the answer's length that sets the context
  std::string weights;            // "bfloat16", "fp8", ...; empty: as the file or the release has them
  double kv_scale = 0;            // bytes of the cache against 16 bit; 0: as the weights' name has it
  bool sparse_weights = false;    // 2:4: two bits more for each weight that is kept
  double tokens = 500;            // output tokens of an answer
  double clock = 1;               // share of the highest, kLeastClock to 1
  double power_cap = 1;           // share of the power limit
  // What the devices' energy is multiplied by for everything else inside the boundary.
  std::string boundary = "gpu";
  double overhead = 1, overhead_lo = 1, overhead_hi = 1;
  double pue = 1;
};

// Host and memory beside accelerators: 1.43 times the accelerators' energy in Google's fleet (arXiv
// 2508.15734: 0.14 Wh accelerators, 0.06 Wh host; idle and cooling apart); from 1.16 (CodeCarbon on
// an H100 node under video load) to the factor 2 that MIT Technology Review assumed in May 2025.
inline constexpr double kNodeOverhead = 1.43, kNodeOverheadLo = 1.16, kNodeOverheadHi = 2.0;

// Another device, and its boundary with it.
void set_device(Deployment& deployment, serving::Device device);
// What its modelled energies come from, for quantities.
[[nodiscard]] std::string method_of(const Deployment& deployment);

// Weights and their bytes from the deployment's precision and shape. Call after either changed.
void apply_precision(Deployment& deployment);

// `a` with the factors of `from_b` (bits) taken from `b`.
[[nodiscard]] Deployment mix(const Deployment& a, const Deployment& b, std::uint32_t from_b);
// Bits of the factors in which they differ.
[[nodiscard]] std::uint32_t differences(const Deployment& a, const Deployment& b);

struct ResponseEnergy {
  serving::Prediction step;
  double clock = 1;             // in force, the cap's if that is lower
  double prefill_j = 0;         // devices, a response, cached prompt tokens left out
  double decode_j_per_token = 0;
  double tokens = 0;
  double overhead = 1;          // PUE inside
  [[nodiscard]] double total_j() const { return (prefill_j + tokens * decode_j_per_token) * overhead; }
};
// A cap that no clock reaches is taken at the least clock; check_clocks says so beforehand.
[[nodiscard]] ResponseEnergy respond(const Deployment& deployment, const serving::Parameters& parameters,
                                     const ClockPhysics& physics = {});

// Errors: input "clocks.cap": the devices take more even at the least clock; "clocks.cpu": a clock or
// cap of a calibrated CPU.
[[nodiscard]] Status check_clocks(const Deployment& deployment, const serving::Parameters& parameters);

// "Llama-3.1-70B, 8 x A100 SXM 40GB, batch 192, bfloat16, 307 in, 456 out"
[[nodiscard]] std::string describe(const Deployment& deployment, const serving::Parameters& parameters);

}  // namespace joulebook::explain
