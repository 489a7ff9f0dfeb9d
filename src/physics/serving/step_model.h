#pragma once
// One step of a serving engine from first principles: B sequences each get a token (`emitted` of them
// where drafts are verified), and the prompts of the requests that begin in that step are read. docs/physics-serving.md explains each
// term. All functions are pure; thread-safe.
#include <array>
#include <string_view>

#include "physics/serving/machines.h"
#include "physics/serving/parameters.h"
#include "physics/serving/shapes.h"

namespace joulebook::serving {

// v1: PyTorch and FastChat, one sequence, no graphs; v2: vLLM 0.5, launch from Python; v3: vLLM
// 0.11, captured graphs.
enum class Engine { v1, v2, v3 };
enum class Task { other, lm_arena, gpqa, fim, image_chat, video_chat, sharegpt, humaneval, llava, v1_chat };
// fp8: both operands of a product in 8 bits. fp4: weights in blocks that share a scale (MXFP4, AWQ,
// the quantised types of GGUF of up to 8.5 bits), widened on their way into the product.
enum class Weights { bits16, fp8, fp4 };

struct Workload {
  Shape shape;
  Device device;
  Engine engine = Engine::v3;
  Task task = Task::other;
  Weights weights = Weights::bits16;
  double weight_bytes = 2;  // a parameter of the dense products
  double expert_bytes = 2;  // a parameter of an expert
  double head_bytes = 2;
  double embedding_bytes = 2;  // where it is not the head
  double kv_scale = 1;      // KV bytes against 16 bit
  double devices = 1;
  double data_parallel = 1;
  double pipeline = 1;
  double expert_parallel = 1;
  double batch = 1;   // sequences in flight, mean
  double input = 0;   // prompt tokens; 0: the task's
  double output = 1;  // tokens generated a sequence
  // Mean of their squares over the square of their mean: 1 where all are alike.
  double input_second = 1;
  double output_second = 1;
  double cached = 0;  // share of the prompt whose keys and values are kept from before, 0 to 1
  double samples = 1;  // sequences that share one reading of their prompt
  double verified = 1;  // tokens that each sequence puts through a step: 1, and its drafts
  double emitted = 1;   // of them kept, mean: what a step gives a sequence
  bool drafts = false;  // a pass of a draft model: the host schedules nothing and samples nothing
};

// What time and energy went into. `idle`: the idle floor while the device waits for the host;
// `floor`: the same floor while it works.
enum class Cause { weights, kv, compute, communication, launch, sampling, host, prefill, floor, idle };
constexpr std::size_t kCauses = 10;
[[nodiscard]] std::string_view to_string(Cause cause);

struct Prediction {
  double step_s = 0;         // mean time between two tokens of a sequence
  double tpot_mean_s = 0;    // as engines report it, without the wait for the first token
  double tpot_median_s = 0;  // median gap between two tokens
  double power_w = 0;        // all devices
  double j_per_token = 0;    // per output token, prefill inside
  double decode_s = 0;       // of step_s
  double prefill_s = 0;      // of step_s, averaged over steps
  double input = 0;          // prompt tokens used
  double weight_bytes_read = 0;  // per step
  double kv_bytes_read = 0;
  double flops = 0;              // per step, prefill inside
  double experts_touched = 0;    // per layer
  std::array<double, kCauses> seconds{};  // sums to step_s
  std::array<double, kCauses> joules{};   // per step; sums to j_per_token * batch * emitted
};

[[nodiscard]] Prediction predict(const Workload& work, const Parameters& p);

// Bytes the deployment must hold: weights, KV cache and state of the batch.
struct Memory {
  double weights = 0;
  double cache = 0;
  double capacity = 0;  // 90 % of the devices' memory
  [[nodiscard]] double needed() const { return weights + cache; }
  [[nodiscard]] bool fits() const { return needed() <= capacity; }
};
[[nodiscard]] Memory memory_of(const Workload& work, double context);

// Tokens that a query at `context` attends to: the mean over layers, weighted by their cache.
[[nodiscard]] double context_seen(const Shape& shape, double context);

// The most sequences that fit with `context` tokens each, at most `wanted`, at least 1.
[[nodiscard]] double fitting_batch(const Workload& work, double context, double wanted);

}  // namespace joulebook::serving
