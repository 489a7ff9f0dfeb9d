#pragma once
// What a shape comes to: parameters, FLOPs, bytes. Pure functions; thread-safe. All REQUIRE a shape
// that validate() accepts, lengths and batches that are finite and not negative.
//
// docs/physics-shapes.md derives every formula.
#include "physics/shape/model_shape.h"

namespace joulebook::physics {

// Parameters by what happens to them. An encoder-decoder's encoder is in the same fields.
struct Parameters {
  std::int64_t embedding = 0;     // input embedding; where tied, the head as well
  std::int64_t head = 0;          // 0 where tied or without one
  std::int64_t mixer = 0;         // projections of attention and of recurrent layers
  std::int64_t feed_forward = 0;  // dense, and shared experts
  std::int64_t experts = 0;       // routed, all of them
  std::int64_t router = 0;
  std::int64_t other = 0;         // norms, biases, positions, convolutions, decay: no matrix product
  std::int64_t towers = 0;        // beside the language model

  // Of the language model: towers are beside it.
  [[nodiscard]] std::int64_t total() const {
    return embedding + head + mixer + feed_forward + experts + router + other;
  }
  bool operator==(const Parameters&) const = default;
};

[[nodiscard]] Parameters count_parameters(const ModelShape& shape);
// Without towers: as publishers count a language model.
[[nodiscard]] std::int64_t total_parameters(const ModelShape& shape);
// As total, with the chosen instead of all routed experts: "A3B".
[[nodiscard]] std::int64_t active_parameters(const ModelShape& shape);
// Parameters of one token's matrix products: no embedding look-up, the head, the chosen experts.
// N of 2N FLOPs a token. An encoder's are left out: see encoder_flops.
[[nodiscard]] std::int64_t matmul_parameters(const ModelShape& shape);
// Parameters of one layer of the group in matrix products of every token (no routed experts) and of
// one routed expert.
[[nodiscard]] std::int64_t always_parameters(const ModelShape& shape, const LayerGroup& group);
[[nodiscard]] std::int64_t expert_parameters(const ModelShape& shape, const LayerGroup& group);

// How MLA meets its cache. absorbed: queries are taken into the latent space, and each cached token
// costs 2 x heads x (2 kv_lora + rope); what decoding does. expanded: keys and values are expanded
// once a token, and each costs 2 x heads x (nope + rope + value); what prefill does.
enum class LatentForm { absorbed, expanded };

// FLOPs of the attention to `context` tokens by one query, all layers; windows respected; and of
// the update of recurrent states. A multiply-add is 2.
[[nodiscard]] double attention_flops(const ModelShape& shape, double context,
                                     LatentForm form = LatentForm::absorbed);
// 2 N + attention: one token decoded after `context` tokens (itself included).
[[nodiscard]] double flops_per_token(const ModelShape& shape, double context,
                                     LatentForm form = LatentForm::absorbed);
// A prompt of `tokens` after `cached` tokens that are in the cache. Causal: each token sees those
// before it and itself. The head runs for the last token alone. Encoders see all tokens.
[[nodiscard]] double prefill_flops(const ModelShape& shape, double tokens, double cached = 0);
// An encoder-decoder's encoder over `tokens`, cross keys and values included; else 0.
[[nodiscard]] double encoder_flops(const ModelShape& shape, double tokens);

// Routed experts of a layer that at least one of `batch` tokens chooses, under uniform routing:
// E (1 - (1 - k/E)^batch); never below min(k, E) for batch >= 1, never above E. 0 for batch 0.
[[nodiscard]] double experts_touched(const Experts& experts, double batch);

struct WeightBytes {
  double mixer = 0;
  double feed_forward = 0;
  double experts = 0;
  double head = 0;
  double other = 0;      // routers, norms, biases
  double embedding = 0;  // rows looked up

  [[nodiscard]] double total() const {
    return mixer + feed_forward + experts + head + other + embedding;
  }
};
// Bytes of weights read by one step over `batch` tokens. The encoder's are left out.
[[nodiscard]] WeightBytes weight_bytes_touched(const ModelShape& shape, double batch);
// Bytes of all weights as stored: towers and the encoder, too.
[[nodiscard]] double weight_bytes_stored(const ModelShape& shape);

// Bytes by which the cache grows with a token while it is inside every window.
[[nodiscard]] double kv_bytes_per_token(const ModelShape& shape);
// Bytes of the cache that are held for a sequence of `context` tokens, and that its next query
// reads: windows respected. They differ where layers share another's cache.
[[nodiscard]] double kv_bytes_held(const ModelShape& shape, double context);
[[nodiscard]] double kv_bytes_read(const ModelShape& shape, double context);
// Cross attention to `encoded` tokens of an encoder: cache held and read, FLOPs of each query.
[[nodiscard]] double cross_kv_bytes(const ModelShape& shape, double encoded);
[[nodiscard]] double cross_flops(const ModelShape& shape, double encoded);
// Bytes of recurrent state a sequence, whatever its length. A step reads and writes them.
[[nodiscard]] double state_bytes(const ModelShape& shape);

}  // namespace joulebook::physics
