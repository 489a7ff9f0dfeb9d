// Pocket TTS (Kyutai): a backbone of 6 layers of 1024 that sees text and past sound, a flow network
// that makes 32 numbers of its state, 12.5 times a second of speech, and Mimi's decoder, which makes
// sound of those. Extents from pocket_tts/config/english.yaml; names from llama.cpp's
// src/models/pockettts.cpp and tools/mtmd/clip.cpp.
//
// The score that ends a text is 20 below its threshold, so that a random model speaks for as many
// frames as it is allowed; whoever runs it sets that number by the text.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "physics/synth/made_up.h"
#include "physics/synth/part_list.h"

namespace joulebook::synth {
namespace {

constexpr std::int64_t kHidden = 1024, kLayers = 6, kHeads = 16, kInner = 4096;
constexpr std::int64_t kPieces = 4000, kContext = 4096;
constexpr std::int64_t kLatent = 32, kFlow = 512, kFlowDepth = 6, kTimeNumbers = 256;
constexpr std::int64_t kMimi = 512, kMimiInner = 2048, kMimiLayers = 2, kMimiHeads = 8;
constexpr std::int64_t kFilters = 64, kUpsample = 16;
constexpr std::array<std::int64_t, 3> kRatios = {6, 5, 4};  // the decoder's order
constexpr double kNeverEnds = -24;                          // the threshold is -4

std::uint64_t u64(std::int64_t n) { return static_cast<std::uint64_t>(n); }

std::vector<std::string> pieces() {
  auto out = text_pieces(kPieces);
  out.insert(out.end(), {"<|pad|>", "<|bos_before_voice|>", "<|audio_bos|>"});
  return out;
}

GgufMetadata describe_speaker() {
  const PieceTokenizer tokenizer{.tokens = pieces(), .controls = 3, .space_prefix = true};
  GgufMetadata out;
  out.text("general.architecture", "pockettts");
  out.text("general.name", "Pocket TTS's backbone with random weights");
  out.number("general.quantization_version", 2);
  const std::string a = "pockettts.";
  out.number(a + "block_count", kLayers).number(a + "context_length", kContext);
  out.number(a + "embedding_length", kHidden).number(a + "feed_forward_length", kInner);
  out.number(a + "attention.head_count", kHeads);
  out.number(a + "vocab_size", static_cast<std::uint32_t>(tokenizer.tokens.size()));
  out.number(a + "rope.dimension_count", kHidden / kHeads).real(a + "rope.freq_base", 10000);
  out.real(a + "attention.layer_norm_epsilon", 1e-5F);
  add_tokenizer(tokenizer, out);
  return out;
}

GgufMetadata describe_voice() {
  GgufMetadata out;
  out.text("general.architecture", "clip").text("general.name", "Pocket TTS's voice, random");
  out.number("general.quantization_version", 2);
  out.flag("clip.has_audio_encoder", true).flag("clip.has_gen_audio_encoder", true);
  out.text("clip.audio.projector_type", "pockettts_spkenc");
  out.text("clip.gen.audio.projector_type", "pockettts_gen");
  out.text("clip.gen.audio.model_variant", "english");
  for (const std::string a : {"clip.audio.", "clip.gen.audio."}) {
    out.number(a + "projection_dim", kHidden).number(a + "embedding_length", kMimi);
    out.number(a + "feed_forward_length", kMimiInner).number(a + "block_count", kMimiLayers);
    out.number(a + "attention.head_count", kMimiHeads);
    out.real(a + "attention.layer_norm_epsilon", 1e-5F);
  }
  out.number("clip.audio.num_mel_bins", 1);
  return out;
}

// A transformer of the codec; half of its layers listen to a voice, half speak.
void codec_layer(PartList& parts, const std::string& at) {
  parts.norm(at + "ln1", kMimi);
  for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_out"}) {
    parts.matrix(at + name + ".weight", kMimi, kMimi);
  }
  parts.constant(at + "ls1.weight", kMimi, 0.01);
  parts.norm(at + "ln2", kMimi);
  parts.matrix(at + "ffn_up.weight", kMimi, kMimiInner);
  parts.matrix(at + "ffn_down.weight", kMimiInner, kMimi);
  parts.constant(at + "ls2.weight", kMimi, 0.01);
}

void residual(PartList& parts, const std::string& at, std::int64_t channels) {
  parts.convolution(at + "res_conv1", {3}, channels, channels / 2);
  parts.convolution(at + "res_conv2", {1}, channels / 2, channels);
}

// SEANet, from sound to frames.
void listen(PartList& parts) {
  parts.convolution("a.seanet.conv_in", {7}, 1, kFilters);
  std::int64_t channels = kFilters;
  for (std::size_t i = 0; i < kRatios.size(); ++i, channels *= 2) {
    const std::string at = fmt::format("a.seanet.blk.{}.", i);
    residual(parts, at, channels);
    parts.convolution(at + "scale_conv", {2 * kRatios[kRatios.size() - 1 - i]}, channels, 2 * channels);
  }
  parts.convolution("a.seanet.conv_out", {3}, channels, kMimi);
  for (std::int64_t i = 0; i < kMimiLayers; ++i) codec_layer(parts, fmt::format("a.blk.{}.", i));
  parts.kernel("a.downsample.conv.weight", {2 * kUpsample, u64(kMimi), u64(kLatent)},
               2 * kUpsample * kMimi);
  parts.matrix("a.speaker_proj.weight", kLatent, kHidden);
}

// The way back: kernels of a transposed convolution have the outputs before the inputs.
void speak(PartList& parts) {
  const std::string wav = "a.gen.wav.";
  parts.matrix(wav + "quant_out.weight", kLatent, kMimi);
  parts.kernel(wav + "upsample.weight", {2 * kUpsample, 1, u64(kMimi)}, 2);
  for (std::int64_t i = 0; i < kMimiLayers; ++i)
    codec_layer(parts, fmt::format("{}tfm.blk.{}.", wav, i));
  std::int64_t channels = kFilters << kRatios.size();
  parts.convolution(wav + "seanet.conv_in", {7}, kMimi, channels);
  for (std::size_t i = 0; i < kRatios.size(); ++i, channels /= 2) {
    const std::string at = fmt::format("{}seanet.blk.{}.", wav, i);
    parts.kernel(at + "scale_conv.weight",
                 {u64(2 * kRatios[i]), u64(channels / 2), u64(channels)}, 2 * channels);
    parts.constant(at + "scale_conv.bias", channels / 2, 0);
    residual(parts, at, channels / 2);
  }
  parts.convolution(wav + "seanet.conv_out", {3}, channels, 1);
}

void flow(PartList& parts) {
  const std::string f = "a.gen.flow.";
  parts.linear(f + "input_proj", kLatent, kFlow);
  parts.linear(f + "cond_embd", kHidden, kFlow);
  for (int i = 0; i < 2; ++i) {
    const std::string at = fmt::format("{}time.{}.", f, i);
    parts.constant(at + "freqs", kTimeNumbers / 2, 0.1);
    parts.linear(at + "up", kTimeNumbers, kFlow);
    parts.linear(at + "down", kFlow, kFlow);
    parts.constant(at + "norm", kFlow, 1);
  }
  for (std::int64_t i = 0; i < kFlowDepth; ++i) {
    const std::string at = fmt::format("{}blk.{}.", f, i);
    parts.norm(at + "norm", kFlow);
    parts.linear(at + "up", kFlow, kFlow);
    parts.linear(at + "down", kFlow, kFlow);
    parts.linear(at + "ada", kFlow, 3 * kFlow);
  }
  parts.linear(f + "final.ada", kFlow, 2 * kFlow);
  parts.linear(f + "final.proj", kFlow, kLatent);
}

}  // namespace

WeightFile make_pocket_speaker(std::uint32_t type, const MadeUpOptions&) {
  PartList parts(type);
  parts.matrix("token_embd.weight", kHidden, std::ssize(pieces())).deviation = 1;
  parts.norm("output_norm", kHidden);
  for (std::int64_t i = 0; i < kLayers; ++i) {
    const std::string at = fmt::format("blk.{}.", i);
    parts.norm(at + "attn_norm", kHidden);
    for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_output"}) {
      parts.matrix(at + name + ".weight", kHidden, kHidden);
    }
    parts.norm(at + "ffn_norm", kHidden);
    parts.matrix(at + "ffn_up.weight", kHidden, kInner);
    parts.matrix(at + "ffn_down.weight", kInner, kHidden);
  }
  return gguf_weights(describe_speaker(), parts.take());
}

WeightFile make_pocket_voice(std::uint32_t type, const MadeUpOptions&) {
  PartList parts(type);
  listen(parts);
  flow(parts);
  parts.matrix("a.gen.out_eos.weight", kHidden, 1).deviation = 1e-3;
  parts.constant("a.gen.out_eos.bias", 1, kNeverEnds);
  parts.matrix("a.gen.input_linear.weight", kLatent, kHidden);
  parts.constant("a.gen.emb_mean", kLatent, 0);
  parts.constant("a.gen.emb_std", kLatent, 1);
  speak(parts);
  return gguf_weights(describe_voice(), parts.take());
}

}  // namespace joulebook::synth
