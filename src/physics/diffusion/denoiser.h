#pragma once
// The shape of a model that makes images or video: its denoiser, text encoder and decoder.
// The built-in shapes are rows of data/diffusion_catalogue.csv.
#include <string>
#include <string_view>
#include <vector>

namespace joulebook::diffusion {

enum class Kind {
  unet,    // convolutions with transformers between them
  mm,      // transformer; text has weights of its own in the first layers and attends together
  joint,   // transformer; text and image are one sequence under the same weights
  cross,   // transformer; the image attends to itself, then to the text
  linear,  // as cross, but attention to itself is linear in tokens
};
enum class Norm { none, layer, rms };           // of queries and keys
enum class Rope { none, single, twice };        // rotary positions in 32 or 64 bit
enum class Temporal { none, motion, conv4, spatio };  // what a U-Net adds for frames
enum class Style { plain, skip, sd, kandinsky2, kandinsky3 };

// Fields that a kind doesn't use keep their defaults.
struct Denoiser {
  std::string architecture;           // same word, same shape: left out together
  std::vector<std::string> match;     // lower-case parts of a model's name
  Kind kind = Kind::joint;
  std::string vae = "kl8";
  int patch = 2, patch_t = 1;         // latent pixels, latent frames a token
  int double_layers = 0, single_layers = 0;
  double hidden = 0, head_dim = 64, mlp_hidden = 0;
  bool gated = false;                 // three matrices in the MLP, not two
  double kv_ratio = 1;                // key and value heads to query heads
  int dual_layers = 0;                // layers with a second attention of the image to itself
  Norm qk_norm = Norm::none;
  Rope rope = Rope::none;
  double extra_passes = 0;            // reads and writes of the hidden width beyond the usual
  bool split_attention = false;       // half of the layers within frames, half along time
  double text_tokens = 77;
  int guidance = 2;                   // passes a step: 2 with classifier-free guidance
  double text_encoder_b = 0;          // 1e9 parameters
  bool prior = false;                 // a small model makes the image embedding first
  Style style = Style::plain;
  std::vector<double> channels, depth, up_depth;  // a level each, finest first
  int level_layers = 2;
  double mid_depth = -1;              // transformer layers in the middle; negative: no middle
  double cross_dim = 0;
  Temporal temporal = Temporal::none;
  double params_b = 0;                // as published; 0: unknown
  std::string source;
};

// What is to be made: `batch` items of width x height pixels and `frames` frames (1: an image).
struct Picture {
  double width = 1024, height = 1024, frames = 1;
};

}  // namespace joulebook::diffusion
