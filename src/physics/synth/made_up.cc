#include "physics/synth/made_up.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.h"
#include "gguf/random_blocks.h"

namespace joulebook::synth {
namespace {

constexpr std::array<MadeUpShape, 7> kShapes = {{
    {"all-MiniLM-L6-v2", "an encoder of texts, 6 layers of 384", "q8_0", make_minilm},
    {"SmolVLM-256M", "the language model of SmolVLM-256M, 30 layers of 576", "q8_0",
     make_smolvlm_text},
    {"SmolVLM-256M-mmproj", "the eyes of SmolVLM-256M (SigLIP, 12 layers of 768)", "q8_0",
     make_smolvlm_eyes},
    {"pocket-tts", "the backbone of Pocket TTS, 6 layers of 1024", "q8_0", make_pocket_speaker},
    {"pocket-tts-mmproj", "its flow network and its codec, Mimi", "q8_0", make_pocket_voice},
    {"whisper-tiny.en", "Whisper, 4 + 4 layers of 384, in ggml's format", "f16",
     make_whisper_tiny},
    {"stable-diffusion-v1-5", "Stable Diffusion 1.5: text encoder, U-Net, decoder", "f16",
     make_stable_diffusion},
}};

}  // namespace

std::span<const MadeUpShape> made_up_shapes() { return kShapes; }

const MadeUpShape* find_made_up(std::string_view name) {
  const auto at = std::ranges::find_if(
      kShapes, [&](const MadeUpShape& shape) { return lower(shape.name) == lower(name); });
  return at == kShapes.end() ? nullptr : &*at;
}

Result<WeightFile> make_up(const MadeUpShape& shape, const MadeUpOptions& options) {
  const std::string_view name = options.weights.empty() ? shape.weights : options.weights;
  const auto type = random_block_type(name);
  if (!type) {
    return fail(ErrorKind::usage, "synth.weights",
                fmt::format("random weights of type {} can't be made", name),
                fmt::format("choose one of {}", join(random_block_names(), ", ")));
  }
  return shape.make(*type, options);
}

std::vector<std::string> text_pieces(std::int64_t count) {
  const std::string begins = "\xe2\x96\x81", common = "etaoinsrhldcu";
  std::vector<std::string> out = {"<unk>", "<s>", "</s>", begins};
  for (char c = '!'; c <= '~'; ++c) out.emplace_back(1, c);
  for (char a = 'a'; a <= 'z'; ++a) {
    out.push_back(begins + a);
    for (char b = 'a'; b <= 'z'; ++b) {
      out.push_back({a, b});
      out.push_back(begins + a + b);
    }
  }
  for (const char a : common) {
    for (const char b : common) {
      for (const char c : common) out.push_back({a, b, c});
    }
  }
  for (int i = 0; std::ssize(out) < count; ++i) out.push_back(fmt::format("<spare{}>", i));
  return out;
}

void add_tokenizer(const PieceTokenizer& tokenizer, GgufMetadata& out) {
  constexpr std::int32_t kNormal = 1, kUnknown = 2, kControl = 3;  // llama_token_type
  const auto& tokens = tokenizer.tokens;
  std::vector<std::int32_t> types(tokens.size(), kNormal);
  types[0] = kUnknown;
  types[1] = types[2] = kControl;
  std::fill(types.end() - tokenizer.controls, types.end(), kControl);
  out.text("tokenizer.ggml.model", "t5").text("tokenizer.ggml.pre", "default");
  out.texts("tokenizer.ggml.tokens", tokens);
  out.reals("tokenizer.ggml.scores", std::vector<float>(tokens.size(), -1));
  out.integers("tokenizer.ggml.token_type", types);
  out.number("tokenizer.ggml.unknown_token_id", 0).number("tokenizer.ggml.bos_token_id", 1);
  out.number("tokenizer.ggml.eos_token_id", 2);
  out.flag("tokenizer.ggml.add_bos_token", tokenizer.begins_text);
  out.flag("tokenizer.ggml.add_eos_token", false);
  out.flag("tokenizer.ggml.add_space_prefix", tokenizer.space_prefix);
}

WeightFile gguf_weights(const GgufMetadata& metadata, std::vector<SynthTensor> tensors) {
  std::vector<GgufTensorSpec> specs;
  for (const auto& tensor : tensors) specs.push_back(tensor.spec);
  return {gguf_header(metadata, specs), std::move(tensors), {}};
}

}  // namespace joulebook::synth
