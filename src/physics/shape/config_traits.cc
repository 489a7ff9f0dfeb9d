#include "physics/shape/config_traits.h"

#include <algorithm>
#include <array>

namespace joulebook::physics {
namespace {

using enum ConfigFamily;
using enum WindowRule;

// From the modelling code of transformers 4.57 (huggingface/transformers, src/transformers/models)
// and, where a model brings its own, of the model's repository.
constexpr auto kTraits = std::to_array<ConfigTraits>({
    {"llama"}, {"mistral"}, {"ministral"}, {"mixtral"}, {"granite"}, {"baichuan"}, {"internlm2"},
    {"internlm3"}, {"exaone"}, {"phi3"}, {"deepseek"}, {"hunyuan_v1_dense"},
    {"qwen2", decoder, 2, kQkvBias},
    {"qwen2_moe", decoder, 2, kQkvBias},
    {"qwen2_vl", decoder, 2, kQkvBias},
    {"qwen2_vl_text", decoder, 2, kQkvBias},
    {"qwen2_5_vl", decoder, 2, kQkvBias},
    {"qwen2_5_vl_text", decoder, 2, kQkvBias},
    {"qwen2_5_omni_text", decoder, 2, kQkvBias},
    {"qwen3", decoder, 2, kHeadNorm},
    {"qwen3_moe", decoder, 2, kHeadNorm},
    {"qwen3_vl_text", decoder, 2, kHeadNorm},
    {"qwen3_vl_moe_text", decoder, 2, kHeadNorm},
    {"qwen3_omni_moe_text", decoder, 2, kHeadNorm},
    {"gemma", decoder, 2, kTied},
    {"gemma2", decoder, 4, kTied, even},
    {"gemma3", decoder, 4, kTied | kHeadNorm, pattern6},
    {"gemma3_text", decoder, 4, kTied | kHeadNorm, pattern6},
    {"phi", decoder, 2, kBiases | kPlain},
    {"phi3_v"},
    {"phi3small", decoder, 4, kBiases | kTied},
    {"phimoe", decoder, 4, kWidthIsExperts},
    {"starcoder2", decoder, 4, kBiases | kPlain | kTied},
    {"gpt_bigcode", decoder, 4, kBiases | kPlain | kTied | kPositions | kFourTimes},
    {"gpt2", decoder, 4, kBiases | kPlain | kTied | kPositions | kFourTimes},
    {"gpt_neo", decoder, 4, kOutputBias | kFfnBias | kPlain | kTied | kPositions | kFourTimes},
    {"gptj", decoder, 2, kFfnBias | kPlain | kFourTimes},
    {"gpt_neox", decoder, 4, kBiases | kPlain},
    {"opt", decoder, 4, kBiases | kPlain | kTied | kPositions},
    {"bloom", decoder, 4, kBiases | kPlain | kTied | kFourTimes},
    {"mpt", decoder, 2, kPlain | kTied | kFourTimes},
    {"falcon", decoder, 2, kPlain | kTied | kFourTimes},
    {"RefinedWeb", decoder, 4, kPlain | kTied | kFourTimes},
    {"RefinedWebModel", decoder, 2, kPlain | kTied | kFourTimes},
    {"stablelm", decoder, 4},
    {"olmo", decoder, 0},
    {"olmo2", decoder, 4},
    {"olmo3", decoder, 4, 0, pattern4},
    {"olmoe", decoder, 4, kWidthIsExperts},
    {"cohere", decoder, 1, kTied},
    {"cohere2", decoder, 1, kTied, pattern4},
    {"exaone4", decoder, 2, kHeadNorm, pattern4},
    {"smollm3", decoder, 2, kTied},
    {"seed_oss", decoder, 2, kQkvBias},
    {"glm", decoder, 2, kQkvBias},
    {"glm4", decoder, 4, kQkvBias},
    {"glm4_moe", decoder, 2, kQkvBias},
    {"apertus", decoder, 2, kPlain | kHeadNorm},
    {"nemotron", decoder, 4, kPlain},
    {"granitemoe", decoder, 2, kWidthIsExperts},
    {"minimax_m2", decoder, 2, kWidthIsExperts},
    {"gpt_oss", decoder, 2, kQkvBias | kOutputBias | kWidthIsExperts, even},
    {"llama4_text", decoder, 2, kWidthIsExperts, pattern4},
    {"dbrx", decoder, 2, kWidthIsExperts},
    {"ernie4_5", decoder, 2, kTied},
    {"ernie4_5_moe", decoder, 2, kTied},
    {"mllama_text_model"},
    {"deepseek_v2", decoder, 2, kLatent},
    {"deepseek_v3", decoder, 2, kLatent},
    {"deepseek_v32", decoder, 2, kLatent},
    {"kimi_k2", decoder, 2, kLatent},
    {"bert", bert, 4, kBiases | kPlain | kTied | kPositions},
    {"roberta", bert, 4, kBiases | kPlain | kTied | kPositions},
    {"xlm-roberta", bert, 4, kBiases | kPlain | kTied | kPositions},
    {"camembert", bert, 4, kBiases | kPlain | kTied | kPositions},
    {"distilbert", bert, 4, kBiases | kPlain | kTied | kPositions},
    {"t5", t5, 2, kTied},
    {"mt5", t5, 2, kTied},
    {"umt5", t5, 2, kTied},
    {"mamba", mamba, 1, kTied},
    {"falcon_mamba", mamba, 1, kTied},
    {"mamba2", mamba, 1, 0},
    {"jamba", jamba, 2, 0},
    {"nemotron_h", nemotron_h, 1, kPlain},
    {"qwen3_next", qwen3_next, 2, kHeadNorm},
    {"lfm2", lfm2, 2, kTied | kHeadNorm},
    {"rwkv", rwkv, 4, kPlain},
});

}  // namespace

std::optional<ConfigTraits> config_traits(std::string_view model_type) {
  const auto* at = std::ranges::find(kTraits, model_type, &ConfigTraits::type);
  return at == kTraits.end() ? std::nullopt : std::optional(*at);
}

std::vector<std::string_view> known_model_types() {
  std::vector<std::string_view> types;
  for (const auto& traits : kTraits) types.push_back(traits.type);
  return types;
}

}  // namespace joulebook::physics
