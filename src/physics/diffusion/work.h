#pragma once
// What one item costs to compute, counted from shapes: no hardware, no time.
#include "physics/diffusion/denoiser.h"

namespace joulebook::diffusion {

// Work of one pass of the denoiser for one item (one of the two passes that guidance needs).
// A multiply-add counts 2 FLOPs.
struct Work {
  double linear = 0;            // FLOPs of dense layers
  double attention = 0;         // FLOPs of attention to all tokens: 4 x width x tokens^2 a layer
  double attention_padded = 0;  // the same with head sizes rounded up as the kernels do
  double convolution = 0;       // FLOPs of convolutions
  double elements = 0;          // numbers read or written by what lies between (norms, activations)
  double kernels = 0;           // launches, whatever the batch
  double weights = 0;           // parameters touched
  double tokens = 0;            // of the sequence that is computed (text included where joined)
  double image_tokens = 0;      // those of the image alone
  double head_dim = 64;         // of attention
  double width = 0;             // hidden width of what is sent between devices
  double attentions = 0;        // layers that exchange tokens between devices

  [[nodiscard]] double flops() const { return linear + attention + convolution; }
};

[[nodiscard]] Work denoiser_work(const Denoiser& shape, const Picture& picture);

// Decoding of one item from latents to pixels.
struct DecoderWork {
  double flops = 0;
  double elements = 0;
};
[[nodiscard]] DecoderWork decoder_work(const std::string& vae, const Picture& picture);

// Pixels of one latent pixel's side, frames of one latent frame after the first (1: each its own).
struct Compression {
  int space = 8;
  int time = 1;
};
// Unknown decoders count as the usual one, 8 and 1.
[[nodiscard]] Compression compression_of(const std::string& vae);

}  // namespace joulebook::diffusion
