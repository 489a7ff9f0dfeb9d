// Stable Diffusion 1.5: CLIP's text encoder (12 layers of 768), a U-Net of four levels and the decoder of
// its latents, which is all that drawing from words takes. Extents from its v1-inference.yaml; names from
// the published checkpoint, which stable-diffusion.cpp (master-586) reads, in GGUF as in any format.
#include <fmt/format.h>

#include <array>

#include "physics/synth/made_up.h"
#include "physics/synth/part_list.h"

namespace joulebook::synth {
namespace {

constexpr std::int64_t kText = 768, kTextLayers = 12, kTextInner = 3072;
constexpr std::int64_t kVocabulary = 49408, kContext = 77;
constexpr std::int64_t kModel = 320, kTime = 1280, kLatent = 4, kColours = 3;
constexpr std::array<std::int64_t, 4> kWidths = {320, 640, 1280, 1280};
constexpr int kResiduals = 2;              // of a level on the way down; one more on the way up
constexpr std::int64_t kAttentive = 3;     // the first so many levels have transformers
constexpr std::array<std::int64_t, 4> kDecoder = {512, 512, 256, 128};  // coarse to fine
constexpr int kDecoderResiduals = 3;

void convolution(PartList& parts, const std::string& at, std::int64_t width, std::int64_t inputs,
                 std::int64_t outputs) {
  parts.convolution(at, {width, width}, inputs, outputs);
}

void text_encoder(PartList& parts) {
  const std::string t = "cond_stage_model.transformer.text_model.";
  parts.matrix(t + "embeddings.token_embedding.weight", kText, kVocabulary).deviation = 1;
  parts.table(t + "embeddings.position_embedding.weight", kText, kContext);
  for (std::int64_t i = 0; i < kTextLayers; ++i) {
    const std::string at = fmt::format("{}encoder.layers.{}.", t, i);
    for (const char* name : {"q_proj", "k_proj", "v_proj", "out_proj"}) {
      parts.linear(at + "self_attn." + name, kText, kText);
    }
    parts.norm(at + "layer_norm1", kText);
    parts.linear(at + "mlp.fc1", kText, kTextInner);
    parts.linear(at + "mlp.fc2", kTextInner, kText);
    parts.norm(at + "layer_norm2", kText);
  }
  parts.norm(t + "final_layer_norm", kText);
}

void residual(PartList& parts, const std::string& at, std::int64_t inputs, std::int64_t outputs) {
  parts.norm(at + ".in_layers.0", inputs);
  convolution(parts, at + ".in_layers.2", 3, inputs, outputs);
  parts.linear(at + ".emb_layers.1", kTime, outputs);
  parts.norm(at + ".out_layers.0", outputs);
  convolution(parts, at + ".out_layers.3", 3, outputs, outputs);
  if (inputs != outputs) convolution(parts, at + ".skip_connection", 1, inputs, outputs);
}

void attention(PartList& parts, const std::string& at, std::int64_t width, std::int64_t seen) {
  parts.matrix(at + ".to_q.weight", width, width);
  parts.matrix(at + ".to_k.weight", seen, width);
  parts.matrix(at + ".to_v.weight", seen, width);
  parts.linear(at + ".to_out.0", width, width);
}

void transformer(PartList& parts, const std::string& at, std::int64_t width) {
  parts.norm(at + ".norm", width);
  convolution(parts, at + ".proj_in", 1, width, width);
  const std::string block = at + ".transformer_blocks.0.";
  attention(parts, block + "attn1", width, width);
  attention(parts, block + "attn2", width, kText);
  parts.linear(block + "ff.net.0.proj", width, 8 * width);  // gated: both halves at once
  parts.linear(block + "ff.net.2", 4 * width, width);
  for (const char* name : {"norm1", "norm2", "norm3"}) parts.norm(block + name, width);
  convolution(parts, at + ".proj_out", 1, width, width);
}

void u_net(PartList& parts) {
  const std::string u = "model.diffusion_model.";
  parts.linear(u + "time_embed.0", kModel, kTime);
  parts.linear(u + "time_embed.2", kTime, kTime);
  convolution(parts, u + "input_blocks.0.0", 3, kLatent, kModel);
  std::vector<std::int64_t> skips = {kModel};
  std::int64_t width = kModel;
  int block = 1;
  const auto levels = std::ssize(kWidths);
  for (std::int64_t level = 0; level < levels; ++level) {
    const std::int64_t wanted = kWidths[static_cast<std::size_t>(level)];
    for (int i = 0; i < kResiduals; ++i, ++block) {
      const std::string at = fmt::format("{}input_blocks.{}.", u, block);
      residual(parts, at + "0", width, wanted);
      width = wanted;
      if (level < kAttentive) transformer(parts, at + "1", width);
      skips.push_back(width);
    }
    if (level + 1 == levels) break;
    convolution(parts, fmt::format("{}input_blocks.{}.0.op", u, block++), 3, width, width);
    skips.push_back(width);
  }
  residual(parts, u + "middle_block.0", width, width);
  transformer(parts, u + "middle_block.1", width);
  residual(parts, u + "middle_block.2", width, width);
  block = 0;
  for (std::int64_t level = levels - 1; level >= 0; --level) {
    const std::int64_t wanted = kWidths[static_cast<std::size_t>(level)];
    for (int i = 0; i <= kResiduals; ++i, ++block) {
      const std::string at = fmt::format("{}output_blocks.{}.", u, block);
      residual(parts, at + "0", width + skips.back(), wanted);
      skips.pop_back();
      width = wanted;
      if (level < kAttentive) transformer(parts, at + "1", width);
      if (level == 0 || i < kResiduals) continue;
      convolution(parts, at + (level < kAttentive ? "2.conv" : "1.conv"), 3, width, width);
    }
  }
  parts.norm(u + "out.0", width);
  convolution(parts, u + "out.2", 3, width, kLatent);
}

void decoder_residual(PartList& parts, const std::string& at, std::int64_t inputs,
                      std::int64_t outputs) {
  parts.norm(at + ".norm1", inputs);
  convolution(parts, at + ".conv1", 3, inputs, outputs);
  parts.norm(at + ".norm2", outputs);
  convolution(parts, at + ".conv2", 3, outputs, outputs);
  if (inputs != outputs) convolution(parts, at + ".nin_shortcut", 1, inputs, outputs);
}

void decoder(PartList& parts) {
  convolution(parts, "first_stage_model.post_quant_conv", 1, kLatent, kLatent);
  const std::string d = "first_stage_model.decoder.";
  std::int64_t width = kDecoder[0];
  convolution(parts, d + "conv_in", 3, kLatent, width);
  decoder_residual(parts, d + "mid.block_1", width, width);
  parts.norm(d + "mid.attn_1.norm", width);
  for (const char* name : {"q", "k", "v", "proj_out"}) {
    convolution(parts, d + "mid.attn_1." + name, 1, width, width);
  }
  decoder_residual(parts, d + "mid.block_2", width, width);
  for (std::size_t i = 0; i < kDecoder.size(); ++i) {
    const std::string at = fmt::format("{}up.{}.", d, kDecoder.size() - 1 - i);
    for (int j = 0; j < kDecoderResiduals; ++j) {
      decoder_residual(parts, fmt::format("{}block.{}", at, j), width, kDecoder[i]);
      width = kDecoder[i];
    }
    if (i + 1 < kDecoder.size()) convolution(parts, at + "upsample.conv", 3, width, width);
  }
  parts.norm(d + "norm_out", width);
  convolution(parts, d + "conv_out", 3, width, kColours);
}

}  // namespace

WeightFile make_stable_diffusion(std::uint32_t type, const MadeUpOptions&) {
  PartList parts(type);
  text_encoder(parts);
  u_net(parts);
  decoder(parts);
  GgufMetadata describe;
  describe.text("general.architecture", "sd1");
  describe.text("general.name", "Stable Diffusion 1.5 with random weights");
  describe.number("general.quantization_version", 2);
  return gguf_weights(describe, parts.take());
}

}  // namespace joulebook::synth
