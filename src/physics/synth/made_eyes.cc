// The eyes of SmolVLM-256M: SigLIP-B/16 at 512 x 512 (12 layers of 768) and Idefics3's projector,
// which makes 64 tokens of 1024 patches, as wide as its language model. Extents from
// SmolVLM-256M-Instruct's config.json; names from llama.cpp's tools/mtmd/clip.cpp. The longest edge is
// the least that its processor takes (the default is 2048): a picture is one part, and the whole.
#include <fmt/format.h>

#include "physics/synth/made_up.h"
#include "physics/synth/part_list.h"

namespace joulebook::synth {
namespace {

constexpr std::int64_t kHidden = 768, kLayers = 12, kHeads = 12, kInner = 3072;
constexpr std::int64_t kImage = 512, kPatch = 16, kColours = 3, kLongestEdge = 512;
constexpr std::int64_t kMerged = 4;   // patches that become one token, each way
constexpr std::int64_t kText = 576;   // the language model's width
constexpr std::int64_t kPatches = (kImage / kPatch) * (kImage / kPatch);

GgufMetadata describe() {
  const std::vector<float> half(kColours, 0.5F);
  GgufMetadata out;
  out.text("general.architecture", "clip").text("general.name", "SmolVLM-256M's eyes, random");
  out.number("general.quantization_version", 2);
  out.flag("clip.has_vision_encoder", true).text("clip.projector_type", "idefics3");
  out.flag("clip.use_gelu", true);
  const std::string v = "clip.vision.";
  out.number(v + "image_size", kImage).number(v + "patch_size", kPatch);
  out.number(v + "preproc_image_size", kLongestEdge);
  out.number(v + "embedding_length", kHidden).number(v + "feed_forward_length", kInner);
  out.number(v + "block_count", kLayers).number(v + "attention.head_count", kHeads);
  out.number(v + "projection_dim", kText).real(v + "attention.layer_norm_epsilon", 1e-6F);
  out.number(v + "projector.scale_factor", kMerged);
  out.reals(v + "image_mean", half).reals(v + "image_std", half);
  return out;
}

}  // namespace

WeightFile make_smolvlm_eyes(std::uint32_t type, const MadeUpOptions&) {
  PartList parts(type);
  parts.convolution("v.patch_embd", {kPatch, kPatch}, kColours, kHidden);
  parts.table("v.position_embd.weight", kHidden, kPatches);
  for (std::int64_t i = 0; i < kLayers; ++i) {
    const std::string at = fmt::format("v.blk.{}.", i);
    for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_out"}) {
      parts.linear(at + name, kHidden, kHidden);
    }
    parts.norm(at + "ln1", kHidden);
    parts.norm(at + "ln2", kHidden);
    parts.linear(at + "ffn_up", kHidden, kInner);
    parts.linear(at + "ffn_down", kInner, kHidden);
  }
  parts.norm("v.post_ln", kHidden);
  parts.matrix("mm.model.fc.weight", kHidden * kMerged * kMerged, kText);
  return gguf_weights(describe(), parts.take());
}

}  // namespace joulebook::synth
