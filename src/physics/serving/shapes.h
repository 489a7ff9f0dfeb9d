#pragma once
// What a model is, as the serving model sees it: counts per token and per step. They come from the
// shape of the model (physics/shape); there is no other catalogue. Plain values; thread-safe.
#include <joulebook/result.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "physics/shape/model_shape.h"

namespace joulebook::serving {

// experts: some layer chooses among experts; hybrid: some layer scans a state (Mamba, gated delta
// rule, linear attention).
enum class Family { dense, experts, hybrid };

// Bytes of one number as stored, scales included.
struct StoredBytes {
  double dense = 2;  // attention, feed-forward, shared experts, routers
  double expert = 2;
  double head = 2;  // of the embedding where tied
  double embedding = 2;
  double kv = 2;
};

struct Shape {
  std::string name;
  Family family = Family::dense;
  bool synthesised = false;  // guessed from total and active parameters
  bool generates = true;     // false: an encoder that gives vectors
  double layers = 0;
  double hidden = 0;
  double vocabulary = 0;
  double attention_layers = 0;
  double state_layers = 0;
  double cross_layers = 0;  // that attend to an encoder's output beside their own mixer
  double rwkv_layers = 0;
  // Parameters in matrix products of every token: attention and state-space projections; dense
  // feed-forward, shared experts and routers; the output head.
  double attention_params = 0;
  double ffn_params = 0;
  double head_params = 0;
  double embedding_params = 0;  // 0 where tied with the head
  // Experts: layers that have them, how many, chosen per token, parameters of one.
  double expert_layers = 0;
  double experts = 0;
  double chosen = 0;
  double expert_params = 0;
  // Of an encoder that reads the prompt in the decoder's place, the decoder's cross keys and values
  // included; 0: the decoder reads it.
  double encoder_params = 0;
  double other_params = 0;       // in no product of a token: norms, biases, positions
  double tower_params = 0;       // vision, audio: beside the language model
  double kv_bytes = 0;           // read per token of context, 16 bit, all layers at full length
  double kv_held = 1;            // share of it that is kept: less where layers read another's
  double window = 0;             // tokens; 0: none; the mean where layers differ
  double window_share = 0;       // of kv_bytes
  double attention_flops = 0;    // per token decoded and token of its context
  double prompt_attention_flops = 0;  // the same while a prompt is read: MLA expands its cache
  double state_flops = 0;        // per token, whatever its context
  double state_bytes = 0;        // read and written per sequence and step, 16 bit as vLLM keeps it
  double image_tokens = 0;       // prompt tokens of one image; 0: unknown
  StoredBytes stored;            // as the file or the release has it

  // Of the language model, all counted: physics::total_parameters.
  [[nodiscard]] double total_params() const;
  // In matrix products of one token: physics::matmul_parameters.
  [[nodiscard]] double active_params() const;
};

// The counts of a shape. REQUIRES: physics::validate accepts it.
[[nodiscard]] Shape serving_shape(const physics::ModelShape& shape);

// The shape of a published model by any of its names; nothing where it is not known.
[[nodiscard]] std::optional<Shape> find_shape(std::string_view name);

// All of the catalogue that generate text.
[[nodiscard]] std::vector<Shape> all_shapes();

// A plausible shape of that size (billions of parameters) and kind ("Dense Transformer", "MoE",
// "Mamba-Transformer Hybrid", ...). Fails: input, "shape.size" where the sizes make no sense.
[[nodiscard]] Result<Shape> synthesise_shape(double total_b, double active_b,
                                             std::string_view arch);

}  // namespace joulebook::serving
