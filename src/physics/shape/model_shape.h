#pragma once
// What a model is, as far as its cost depends on it: layers, widths, precision, pruning. No weights
// and no hardware. Plain values; thread-safe. Formulas over a shape are in counts.h.
#include <joulebook/result.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace joulebook::physics {

// What mixes tokens in a layer.
enum class Mixer {
  none,       // a layer of feed-forward alone, as hybrids have
  attention,  // MHA, GQA and MQA
  latent,     // multi-head latent attention (MLA)
  recurrent,  // a state of constant size
};
[[nodiscard]] std::string_view to_string(Mixer mixer);

struct Attention {
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;   // heads: MHA; 1: MQA
  std::int64_t head_dim = 0;   // of queries and keys
  std::int64_t value_dim = 0;  // of values; 0: head_dim
  std::int64_t window = 0;     // tokens that a query sees at most; 0: all before it
  bool gated = false;          // a second projection as wide as the queries scales the output
  bool bias = false;           // of queries, keys and values
  bool output_bias = false;
  bool head_norm = false;      // norms over head_dim of queries and keys
  bool shares_cache = false;   // reads another layer's keys and values, computes none

  [[nodiscard]] std::int64_t value_width() const { return value_dim != 0 ? value_dim : head_dim; }
  bool operator==(const Attention&) const = default;
};

// DeepSeek-V2's attention (arXiv 2405.04434): keys and values are kept as one vector of kv_lora, and
// rope numbers that all heads share.
struct Latent {
  std::int64_t heads = 0;
  std::int64_t q_lora = 0;  // 0: queries are projected in one step
  std::int64_t kv_lora = 0;
  std::int64_t rope = 0;
  std::int64_t nope = 0;  // of a head's keys, beside rope
  std::int64_t value = 0;

  bool operator==(const Latent&) const = default;
};

enum class RecurrentKind {
  mamba1,      // selective state space (arXiv 2312.00752)
  mamba2,      // state space duality (arXiv 2405.21060)
  delta,       // gated delta rule, as in Qwen3-Next (arXiv 2412.06464)
  linear,      // linear attention with decay and an output gate (MiniMax's lightning)
  rwkv,        // version 4: four square matrices and one of the channel mix
  short_conv,  // a gated short convolution (LFM2)
};
[[nodiscard]] std::string_view to_string(RecurrentKind kind);

struct Recurrent {
  RecurrentKind kind = RecurrentKind::mamba2;
  std::int64_t inner = 0;    // width of what is mixed: heads x the width of a head
  std::int64_t state = 0;    // numbers of state for each of inner; delta, linear: width of a key
  std::int64_t heads = 0;    // mamba2, delta: of values
  std::int64_t groups = 1;   // mamba2: groups of B and C; delta: heads of keys
  std::int64_t conv = 0;     // taps of the convolution; 0: none
  std::int64_t dt_rank = 0;  // mamba1

  bool operator==(const Recurrent&) const = default;
};

struct Experts {
  std::int64_t routed = 0;         // 0: the layer has none
  std::int64_t chosen = 0;         // of them by each token
  std::int64_t width = 0;          // of one
  std::int64_t matrices = 3;       // of one: 3 where gated, else 2
  std::int64_t shared_width = 0;   // of all experts that every token uses, together
  std::int64_t input_width = 0;    // tokens are projected to this before routing; 0: hidden

  bool operator==(const Experts&) const = default;
};

// Layers that are alike. Where a mixer's part isn't used, it stays at its defaults.
struct LayerGroup {
  std::int64_t count = 0;
  Mixer mixer = Mixer::attention;
  Attention attention;
  Latent latent;
  Recurrent recurrent;
  Attention cross;                 // to an encoder's output; heads 0: none
  std::int64_t ffn = 0;            // width of the dense feed-forward; 0: none
  std::int64_t ffn_matrices = 3;   // 3 where gated, else 2
  bool ffn_bias = false;
  Experts experts;                 // beside `ffn` only where both run
  std::int64_t norms = 2;          // of hidden width

  bool operator==(const LayerGroup&) const = default;
};

enum class ModelKind { decoder, encoder, encoder_decoder };
[[nodiscard]] std::string_view to_string(ModelKind kind);

// What stands beside the language model: a vision or an audio tower. Its work is per item.
struct Tower {
  std::string name;                // "vision", "audio"
  std::int64_t parameters = 0;     // 0: unknown
  std::int64_t layers = 0;         // 0: unknown
  std::int64_t hidden = 0;
  std::int64_t ffn = 0;
  std::int64_t tokens = 0;         // that the language model gets for one item; 0: depends or unknown

  bool operator==(const Tower&) const = default;
};

// True bits of one number as stored, scales included: Q4_0 4.5, Q6_K 6.5625, MXFP4 4.25.
struct Precision {
  double embedding = 16;
  double mixer = 16;
  double feed_forward = 16;  // dense and shared experts
  double experts = 16;       // routed
  double head = 16;          // where tied, the embedding's bits are used
  double other = 16;         // routers, norms, biases, positions, convolutions
  double tower = 16;
  double kv = 16;            // keys and values
  double state = 32;         // recurrent state

  // All weights alike; norms and routers stay at 16.
  [[nodiscard]] static Precision uniform(double bits);
  bool operator==(const Precision&) const = default;
};

// Weights set to zero one by one in mixers, feed-forwards and experts. (Heads, widths or layers
// that were taken out are a smaller shape: see prune.h.)
struct Sparsity {
  double zeros = 0;        // share of weights, 0 to below 1
  bool compressed = false; // stored and computed without them (2:4 and its like)

  bool operator==(const Sparsity&) const = default;
};

struct ModelShape {
  std::string name;
  std::string source;          // file, or the catalogue row's source
  bool synthesised = false;    // guessed from its size alone
  ModelKind kind = ModelKind::decoder;
  std::int64_t hidden = 0;
  std::int64_t vocabulary = 0;     // rows of the embedding as stored, padding included
  std::int64_t positions = 0;      // learned positions (and token types); 0: none
  std::int64_t embedding_width = 0;  // 0: hidden; else projected to it (OPT-350M, ALBERT)
  bool tied = false;               // the output head is the embedding
  bool has_head = true;            // false: encoders that give vectors
  std::vector<LayerGroup> layers;  // the decoder's, or an encoder-only model's
  std::vector<LayerGroup> encoder; // of an encoder-decoder
  std::vector<Tower> towers;
  std::int64_t trained_context = 0;  // tokens; 0: unknown
  Precision precision;
  Sparsity sparsity;

  [[nodiscard]] std::int64_t layer_count() const;  // of `layers`
  bool operator==(const ModelShape&) const = default;
};

// Whether the shape can be: every count positive and below what any model has, KV heads divide
// heads, at most as many experts chosen as there are, no mixer without its widths.
// Error: input "shape.contradiction", naming the field and what would be possible.
[[nodiscard]] Status validate(const ModelShape& shape);

// Whether a length can be asked for. Errors: input "shape.length": negative, not finite, or above
// 2^30 tokens.
[[nodiscard]] Status validate_length(std::string_view what, double tokens);

}  // namespace joulebook::physics
