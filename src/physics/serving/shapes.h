#pragma once
// What a model is, as the serving model sees it: counts per token and per step.
#include <joulebook/result.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace joulebook::serving {

enum class Family { dense, experts, hybrid };

struct Shape {
  std::string name;  // of the shape; fine-tunes share their base's
  Family family = Family::dense;
  bool synthesised = false;  // guessed from total and active parameters
  double layers = 0;
  double hidden = 0;
  double vocabulary = 0;
  double attention_layers = 0;
  double state_layers = 0;
  // Parameters in matrix products of every token: attention and state-space projections; dense
  // feed-forward, shared experts and routers; the output head.
  double attention_params = 0;
  double ffn_params = 0;
  double head_params = 0;
  // Experts: layers that have them, how many, chosen per token, parameters of one.
  double expert_layers = 0;
  double experts = 0;
  double chosen = 0;
  double expert_params = 0;
  double kv_bytes = 0;        // per token of context, 16 bit, all layers at full length
  double window = 0;          // tokens; 0: none
  double window_share = 0;    // of the attention layers
  double attention_flops = 0; // per token decoded and token of its context
  double state_bytes = 0;     // state-space: read and written per sequence and step
  double image_tokens = 0;    // prompt tokens of one image; 0: unknown

  [[nodiscard]] double total_params() const;   // input embedding counted apart unless tied
  [[nodiscard]] double active_params() const;  // in matrix products of one token
  double embedding_params = 0;                 // 0 where tied with the head
};

// The shape of a published model by any of its names; nothing where it is not known.
[[nodiscard]] std::optional<Shape> find_shape(std::string_view name);

// All that are known, each once.
[[nodiscard]] std::vector<Shape> all_shapes();
// Names near to one that is not known, for "did you mean".
[[nodiscard]] std::string nearest_shape(std::string_view name);

// A plausible shape of that size (billions of parameters) and kind ("Dense Transformer", "MoE",
// "Mamba-Transformer Hybrid", ...). Fails: input, "shape.size" where the sizes make no sense.
[[nodiscard]] Result<Shape> synthesise_shape(double total_b, double active_b,
                                             std::string_view arch);

}  // namespace joulebook::serving
