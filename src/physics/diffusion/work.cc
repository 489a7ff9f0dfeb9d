#include "physics/diffusion/work.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "physics/diffusion/unet_work.h"

namespace joulebook::diffusion {
namespace {

// A decoder: channels from coarse to fine, each level with `resnets` pairs of convolutions of
// `kernel` points; before a level's output is passed on, its sides double where a finer one
// follows, and its frames where `frames_double` says so. Widths from the diffusers configs
// (from memory): AutoencoderKL, MoVQ, DC-AE f32, the causal 3D decoders of the video models.
struct Decoder {
  std::string_view name;
  Compression compression;
  std::array<double, 6> channels;  // 0: no such level
  int resnets;
  double kernel;
  std::array<bool, 6> frames_double;
};
constexpr Decoder kDecoders[] = {
    {"kl8", {8, 1}, {512, 512, 256, 128}, 3, 9, {}},
    {"movq8", {8, 1}, {512, 256, 256, 128}, 3, 9, {}},
    {"svd8", {8, 1}, {512, 512, 256, 128}, 3, 12, {}},  // a 3-point convolution in time besides
    {"dcae32", {32, 1}, {1024, 1024, 512, 512, 256, 128}, 3, 9, {}},
    {"wan3d", {8, 4}, {384, 384, 192, 96}, 3, 27, {true, true}},
    {"hunyuan3d", {8, 4}, {512, 512, 256, 128}, 3, 27, {false, true, true}},
    {"cog3d", {8, 4}, {512, 256, 256, 128}, 4, 27, {true, true}},
    {"mochi3d", {8, 6}, {768, 512, 256, 128}, 3, 27, {true, true, false}},
    {"cascade", {42, 1}, {1280, 640, 320, 128}, 6, 2, {}},  // stage B, once, and its decoder
    {"ltx3d", {32, 8}, {512, 512, 256, 128}, 4, 27, {true, true, true}},
};

const Decoder& decoder_of(std::string_view name) {
  const auto* it = std::ranges::find(kDecoders, name, &Decoder::name);
  return it == std::end(kDecoders) ? kDecoders[0] : *it;
}

double latent_frames(double frames, int time) {
  return time > 1 ? 1 + std::floor((frames - 1) / time) : frames;
}

constexpr double kRmsPasses = 18;

// Reads and writes of the hidden width a token and layer, counted from the unfused code of
// diffusers: two modulated norms 12, two gated sums 10, and what the model's kind adds.
double passes_of(const Denoiser& d) {
  double passes = 22 + d.extra_passes;
  if (d.qk_norm == Norm::layer) passes += 4;
  // Of queries and keys each, in numbers of 16 bit. RMS: to 32 bit 3, square 4, mean 2, scale 3,
  // back 3, weight 3. Rotation in 32 bit: swap halves 3, two casts 6, two products 8, sum 6, back
  // 3. As complex numbers of 128 bit: cast 5, product 8, back 5.
  if (d.qk_norm == Norm::rms) passes += 2 * kRmsPasses;
  if (d.rope == Rope::single) passes += 2 * 26;
  if (d.rope == Rope::twice) passes += 2 * 18;
  const bool joined = d.kind == Kind::mm || d.kind == Kind::joint;
  return passes + (joined ? 8 : 6);  // joining and parting the sequence; the second attention
}

// Text and image attend as one sequence.
void count_joined(const Denoiser& d, Work& w) {
  const double h2 = d.hidden * d.hidden;
  const double layers = d.double_layers + d.single_layers;
  const double layer = (2 + 2 * d.kv_ratio) * h2 + (d.gated ? 3 : 2) * d.hidden * d.mlp_hidden;
  const double image = w.image_tokens;
  w.tokens = image + d.text_tokens;
  w.linear = 2 * w.tokens * layers * layer + 2 * image * d.dual_layers * 4 * h2;
  w.attention = 4 * d.hidden * (layers * w.tokens * w.tokens + d.dual_layers * image * image);
  const double second = d.dual_layers * (11 + (d.qk_norm == Norm::rms ? 2 * kRmsPasses : 0)) *
                        d.hidden;
  w.elements = w.tokens * layers * (passes_of(d) * d.hidden + (d.gated ? 4 : 2) * d.mlp_hidden) +
               image * second;
  // The single layers of `mm` models join attention and MLP before one projection.
  if (d.kind == Kind::mm)
    w.elements += w.tokens * d.single_layers * 2 * (d.hidden + d.mlp_hidden);
  w.kernels = d.double_layers * 50 + d.single_layers * 28 + d.dual_layers * 15;
  w.weights = (2 * d.double_layers + d.single_layers) * layer + d.dual_layers * 4 * h2;
  // Modulation by the step: of 512 numbers (CogVideoX), or of the hidden width.
  if (d.kind == Kind::joint) w.weights += layers * 12 * 512 * d.hidden;
  if (d.kind == Kind::mm) w.weights += (12 * d.double_layers + 3 * d.single_layers) * h2;
  w.attentions = layers + d.dual_layers;
}

// The image attends to itself, then to the text.
void count_crossed(const Denoiser& d, const Picture& p, Work& w) {
  const double h2 = d.hidden * d.hidden;
  const double layers = d.double_layers + d.single_layers;
  const double layer = (2 + 2 * d.kv_ratio) * h2 + (d.gated ? 3 : 2) * d.hidden * d.mlp_hidden;
  const double n = w.tokens = w.image_tokens;
  w.linear = 2 * n * layers * (layer + 2 * h2) + 2 * d.text_tokens * layers * 2 * h2;
  if (d.style == Style::skip) w.linear += 2 * n * (layers / 2) * 2 * h2;
  w.attention = 4 * d.hidden * layers * n * d.text_tokens;
  if (d.kind == Kind::linear) {
    w.linear += 4 * d.hidden * d.head_dim * n * layers * 2;
  } else if (d.split_attention) {
    const double frames = std::max(1.0, p.frames);
    w.attention += 4 * d.hidden * (layers / 2) * n * (n / frames + frames);
  } else {
    w.attention += 4 * d.hidden * layers * n * n;
  }
  w.elements = n * layers * (passes_of(d) * d.hidden + (d.gated ? 4 : 2) * d.mlp_hidden);
  w.kernels = layers * 40;
  w.weights = layers * (layer + 4 * h2) + (d.style == Style::skip ? layers * h2 : 0);
  w.attentions = layers;
}

}  // namespace

double padded_head(double head) {
  for (const double size : {32.0, 64.0, 96.0, 128.0, 160.0, 192.0, 256.0})
    if (head <= size) return size / head;
  return 1;
}

Compression compression_of(const std::string& vae) { return decoder_of(vae).compression; }

Work denoiser_work(const Denoiser& d, const Picture& p) {
  if (d.kind == Kind::unet) return unet_work(d, p);
  const Compression c = compression_of(d.vae);
  const double side = c.space * d.patch;
  Work w;
  w.image_tokens = std::ceil(latent_frames(p.frames, c.time) / d.patch_t) *
                   std::max(1.0, std::floor(p.width / side)) *
                   std::max(1.0, std::floor(p.height / side));
  w.width = d.hidden;
  w.head_dim = d.head_dim;
  if (d.kind == Kind::mm || d.kind == Kind::joint) {
    count_joined(d, w);
  } else {
    count_crossed(d, p, w);
  }
  w.attention_padded = w.attention * padded_head(d.head_dim);
  return w;
}

DecoderWork decoder_work(const std::string& vae, const Picture& p) {
  const Decoder& d = decoder_of(vae);
  double x = p.width / d.compression.space;
  double y = p.height / d.compression.space;
  double t = d.compression.time > 1 ? 1 + (p.frames - 1) / d.compression.time : p.frames;
  double in = d.channels[0];
  double macs = x * y * t * 4 * in * in * d.kernel;
  double elements = x * y * t * 4 * in;
  for (std::size_t i = 0; i < d.channels.size() && d.channels[i] > 0; ++i) {
    const double out = d.channels[i];
    const double at = x * y * t;
    macs += at * d.kernel * (in * out + (2 * d.resnets - 1) * out * out);
    elements += at * 2 * d.resnets * out;
    in = out;
    if (i + 1 == d.channels.size() || d.channels[i + 1] == 0) break;
    x *= 2;
    y *= 2;
    if (d.frames_double[i]) t = 1 + (t - 1) * 2;
    macs += x * y * t * 9 * out * out;
    elements += x * y * t * out;
  }
  return {2 * macs, elements};
}

}  // namespace joulebook::diffusion
