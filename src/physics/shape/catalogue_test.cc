#include "physics/shape/catalogue.h"

#include <gmock/gmock.h>

#include <cmath>

#include "core/csv_table.h"
#include "core/text.h"
#include "physics/shape/counts.h"

namespace joulebook {
std::string_view architectures_csv();
}  // namespace joulebook

namespace joulebook::physics {
namespace {

using testing::HasSubstr;
using testing::NotNull;

// Nothing where the row states none.
void expect_within(const std::string& what, std::optional<double> stated_b, std::int64_t count,
                   double share = 0.01) {
  if (!stated_b) return;
  EXPECT_NEAR(static_cast<double>(count) * 1e-9, *stated_b, share * *stated_b) << what;
}

TEST(Catalogue, EveryRowComesToItsPublishedTotals) {
  const auto rows = parse_model_catalogue(architectures_csv());
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(model_catalogue().size(), rows->size());
  EXPECT_GT(rows->size(), 250U);
  const auto table = CsvTable::parse(architectures_csv(), "x", {"params_total_b_calc"});
  ASSERT_TRUE(table);
  std::size_t compared = 0;
  for (std::size_t i = 0; i < table->size(); ++i) {
    const auto row = table->row(i);
    const ModelShape& shape = (*rows)[i].shape;
    const auto total = row.number("params_total_b_calc");
    const auto published = row.number("published_total_b");
    compared += total || published ? 1 : 0;
    expect_within(shape.name + " total", total, total_parameters(shape));
    expect_within(shape.name + " published", published, total_parameters(shape));
    expect_within(shape.name + " active", row.number("params_active_b_calc"),
                  active_parameters(shape));
    // Publishers count what is active in several ways: with or without both embeddings.
    expect_within(shape.name + " published active", row.number("published_active_b"),
                  active_parameters(shape), 0.06);
    expect_within(shape.name + " in products", row.number("matmul_params_per_token_b_calc"),
                  matmul_parameters(shape));
    const auto cache = row.number("kv_bytes_per_token_16bit");
    if (cache) EXPECT_DOUBLE_EQ(kv_bytes_per_token(shape), *cache) << shape.name;
  }
  EXPECT_GT(compared, 220U);
}

// Every name of the published serving points, and some that are not in them.
TEST(Catalogue, AHuggingFaceNameFindsItsRow) {
  const std::vector<std::pair<std::string, std::string>> names = {
      {"BAIR/koala-13b", "LLaMA-1-13B"},
      {"BAIR/koala-7b", "LLaMA-1-7B"},
      {"FreedomIntelligence/phoenix-inst-chat-7b", "BLOOM-7B1"},
      {"Neutralzz/BiLLa-7B-SFT", "LLaMA-1-7B"},
      {"OpenAssistant/oasst-sft-1-pythia-12b", "pythia-12b"},
      {"Qwen/Qwen3-14B", "Qwen3-14B"},
      {"Qwen/Qwen3-30B-A3B-Instruct-2507", "Qwen3-30B-A3B"},
      {"Qwen/Qwen3-30B-A3B-Thinking-2507", "Qwen3-30B-A3B"},
      {"Qwen/Qwen3-Coder-30B-A3B-Instruct", "Qwen3-30B-A3B"},
      {"Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8", "Qwen3-Coder-480B-A35B"},
      {"Qwen/Qwen3-Omni-30B-A3B-Instruct", "Qwen3-Omni-30B-A3B"},
      {"Qwen/Qwen3-VL-30B-A3B-Instruct", "Qwen3-VL-30B-A3B"},
      {"Qwen/Qwen3-VL-32B-Instruct", "Qwen3-VL-32B"},
      {"Qwen/Qwen3-VL-8B-Instruct", "Qwen3-VL-8B"},
      {"RWKV/rwkv-raven-7b", "RWKV-4-7B"},
      {"Salesforce/xgen-7b-8k-inst", "xgen-7b-8k"},
      {"StabilityAI/stablelm-tuned-alpha-7b", "stablelm-alpha-7b"},
      {"bigcode/starcoder2-3b", "StarCoder2-3b"},
      {"camel-ai/CAMEL-13B-Combined-Data", "LLaMA-1-13B"},
      {"codellama/CodeLlama-70b-hf", "CodeLlama-70b-hf"},
      {"databricks/dolly-v2-12b", "pythia-12b"},
      {"facebook/chameleon-30b", "chameleon-30b"},
      {"google/codegemma-1.1-2b", "Gemma-2b"},
      {"google/codegemma-7b", "CodeGemma-7b-it"},
      {"google/gemma-2-2b-it", "Gemma-2-2b"},
      {"google/gemma-2-9b-it", "Gemma-2-9b"},
      {"google/gemma-3-12b-it", "Gemma-3-12b-it"},
      {"h2oai/h2ogpt-gm-oasst1-en-2048-open-llama-7b-preview-300bt-v2", "LLaMA-1-7B"},
      {"llava-hf/llama3-llava-next-8b-hf", "llama3-llava-next-8b"},
      {"llava-hf/llava-1.5-13b-hf", "llava-1.5-13b"},
      {"llava-hf/llava-1.5-7b-hf", "llava-1.5-7b"},
      {"lmsys/fastchat-t5-3b-v1.0", "flan-t5-xl"},
      {"lmsys/vicuna-13B", "LLaMA-1-13B"},
      {"meta-llama/Llama-3.1-405B-Instruct-FP8", "Llama-3.1-405B"},
      {"meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8", "Llama-4-Maverick-17B-128E"},
      {"meta-llama/Meta-Llama-3.1-70B-Instruct", "Llama-3.1-70B"},
      {"metaai/Llama-2-13b-chat-hf", "Llama-2-13b-hf"},
      {"metaai/llama-7B", "LLaMA-1-7B"},
      {"microsoft/Phi-3-medium-4k-instruct", "Phi-3-medium-4k"},
      {"microsoft/Phi-3-mini-4k-instruct", "Phi-3-mini-4k-instruct"},
      {"microsoft/Phi-3-small-8k-instruct", "Phi-3-small-8k"},
      {"microsoft/Phi-3-vision-128k-instruct", "Phi-3-vision-128k"},
      {"mistralai/Mistral-7B-Instruct-v0.3", "Mistral-7B-v0.3"},
      {"mistralai/Mistral-Nemo-Instruct-2407", "Mistral-Nemo-12B"},
      {"mistralai/Mixtral-8x22B-Instruct-v0.1", "Mixtral-8x22B-v0.1"},
      {"nomic-ai/gpt4all-13b-snoozy", "LLaMA-1-13B"},
      {"nvidia/NVIDIA-Nemotron-Nano-12B-v2", "Nemotron-Nano-12B-v2"},
      {"nvidia/NVIDIA-Nemotron-Nano-12B-v2-VL-BF16", "Nemotron-Nano-12B-v2-VL"},
      {"nvidia/NVIDIA-Nemotron-Nano-9B-v2", "Nemotron-Nano-9B-v2"},
      {"openaccess-ai-collective/manticore-13b-chat-pyg", "LLaMA-1-13B"},
      {"openai/gpt-oss-120b", "gpt-oss-120b"},
      {"project-baize/baize-v2-7B", "LLaMA-1-7B"},
      {"tatsu-lab/alpaca-7B", "LLaMA-1-7B"},
      {"togethercomputer/RedPajama-INCITE-7B-Chat", "pythia-6.9b"},
      // Not in the published points.
      {"deepseek-ai/DeepSeek-R1", "DeepSeek-V3/R1/V3.1"},
      {"deepseek-ai/DeepSeek-V3.1", "DeepSeek-V3/R1/V3.1"},
      {"deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", "Qwen2.5-32B"},
      {"deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "R1-Distill-Llama-8B"},
      {"deepseek-ai/DeepSeek-R1-0528-Qwen3-8B", "Qwen3-8B"},
      {"Qwen/Qwen3-235B-A22B-Thinking-2507-FP8", "Qwen3-235B-A22B"},
      {"Qwen/Qwen3-VL-235B-A22B-Instruct", "Qwen3-VL-235B-A22B"},
      {"Qwen/Qwen3-Next-80B-A3B-Instruct", "Qwen3-Next-80B-A3B"},
      {"meta-llama/Llama-3.3-70B-Instruct", "Llama-3.3-70B-Instruct"},
      {"meta-llama/Llama-4-Scout-17B-16E-Instruct", "Llama-4-Scout-17B-16E"},
      {"mistralai/Mixtral-8x7B-Instruct-v0.1", "Mixtral-8x7B-v0.1"},
      {"mistralai/Mistral-Large-Instruct-2407", "Mistral-Large-Instruct-2407"},
      {"google/gemma-2-27b-it", "Gemma-2-27b"},
      {"bigcode/starcoder2-15b", "StarCoder2-15b"},
      {"lmsys/vicuna-33B", "LLaMA-1-33B"},
      {"llava-hf/llava-v1.6-34b-hf", "llava-v1.6-34b"},
      {"metaai/Llama-2-70b-chat-hf", "Llama-2-70b-hf"},
      {"openai/gpt-oss-20b", "gpt-oss-20b"},
      {"moonshotai/Kimi-K2-Instruct-0905", "Kimi-K2"},
      {"TheBloke/Mistral-7B-Instruct-v0.2-AWQ", "Mistral-7B-v0.3"},
      {"smollm2-135m-instruct-q4_1.gguf", "SmolLM2-135M"}};
  for (const auto& [name, row] : names) {
    const auto* model = find_model(name);
    ASSERT_THAT(model, NotNull()) << name;
    EXPECT_EQ(model->shape.name, row) << name;
  }
}

TEST(Catalogue, AFamilyAndItsNumberAreWrittenTogetherOrApart) {
  const std::vector<std::pair<std::string, std::string>> names = {
      {"llama3.1:8b", "Llama-3.1-8B"},      {"llama3 70b instruct", "Llama-3-70B"},
      {"Qwen 2.5 7B", "Qwen2.5-7B"},        {"gemma2:27b", "gemma-2-27b"},
      {"phi3-mini-4k", "Phi-3-mini-4k"},    {"llama3.1:70b-instruct-q4_K_M", "Llama-3.1-70B"}};
  for (const auto& [name, usual] : names) {
    const CatalogueModel* model = find_model(name);
    ASSERT_NE(model, nullptr) << name;
    EXPECT_EQ(model, find_model(usual)) << name;
  }
}

TEST(Catalogue, ASizeThatIsNoRowsIsNotTaken) {
  EXPECT_EQ(find_model("nobody/Llama-3.1-Minitron-5B-Depth"), nullptr);
  EXPECT_EQ(find_model("nvidia/Llama-3_3-Nemotron-Super-49B-v1"), nullptr);
  EXPECT_EQ(find_model(""), nullptr);
  EXPECT_EQ(find_model("///"), nullptr);
}

TEST(Catalogue, DistilledAndTunedModelsShareTheirBasesArchitecture) {
  const auto word = [](std::string_view name) { return find_model(name)->architecture; };
  EXPECT_EQ(word("DeepSeek-R1-Distill-Llama-70B"), word("Llama-3.3-70B-Instruct"));
  EXPECT_EQ(word("llava-1.5-7b-hf"), word("vicuna-7b"));
  EXPECT_EQ(word("Llama-2-7b-chat-hf"), word("llama-7b"));
  EXPECT_EQ(word("Qwen3-VL-8B-Instruct"), word("Qwen3-8B"));
  EXPECT_NE(word("Qwen3-8B"), word("Qwen3-14B"));
}

TEST(Catalogue, TheNameStatesThePrecision) {
  const auto fp8 = shape_by_name("meta-llama/Llama-3.1-405B-Instruct-FP8");
  ASSERT_TRUE(fp8);
  EXPECT_EQ(fp8->precision.mixer, 8);
  EXPECT_EQ(fp8->precision.head, 16);
  const auto oss = shape_by_name("openai/gpt-oss-120b");
  ASSERT_TRUE(oss);
  EXPECT_EQ(oss->precision.experts, 4.25);
  EXPECT_EQ(oss->precision.mixer, 16);
  EXPECT_NEAR(weight_bytes_stored(*oss), 65e9, 2.5e9);  // the published checkpoint: 65.2 GB
  EXPECT_EQ(shape_by_name("deepseek-ai/DeepSeek-R1")->precision.experts, 8);
  EXPECT_NEAR(shape_by_name("Qwen2.5-7B-Instruct-AWQ")->precision.feed_forward, 4.156, 0.001);
}

TEST(Catalogue, ANameWithoutARowGivesItsSizeOrAHint) {
  const auto shape = shape_by_name("nobody/Newmodel-24B-A3B");
  ASSERT_TRUE(shape);
  EXPECT_TRUE(shape->synthesised);
  EXPECT_NEAR(static_cast<double>(total_parameters(*shape)), 24e9, 0.03 * 24e9);
  EXPECT_NEAR(static_cast<double>(active_parameters(*shape)), 3e9, 0.03 * 3e9);
  const auto typo = shape_by_name("gpt-oos");
  ASSERT_FALSE(typo);
  EXPECT_EQ(typo.error().code, "shape.unknown");
  EXPECT_THAT(shape_by_name("mistral-nemmo").error().cure, HasSubstr("did you mean mistral-nemo"));
}

TEST(Synthesis, HitsTheStatedSizes) {
  for (const double total : {0.1, 0.5, 1.0, 3.0, 8.0, 14.0, 32.0, 70.0, 123.0, 405.0, 1000.0}) {
    for (const double part : {1.0, 0.5, 0.25, 0.1, 0.04}) {
      const auto kind = part == 1 ? SynthesisKind::dense : SynthesisKind::experts;
      const auto shape = synthesise(total, part * total, kind);
      ASSERT_TRUE(shape) << total << " " << part << shape.error().message;
      EXPECT_NEAR(static_cast<double>(total_parameters(*shape)) * 1e-9, total, 0.03 * total) << part;
      EXPECT_NEAR(static_cast<double>(active_parameters(*shape)) * 1e-9, part * total,
                  0.03 * part * total)
          << total << " " << part;
    }
    const auto hybrid = synthesise(total, total, SynthesisKind::hybrid);
    ASSERT_TRUE(hybrid) << total << hybrid.error().message;
    EXPECT_NEAR(static_cast<double>(total_parameters(*hybrid)) * 1e-9, total, 0.03 * total);
    EXPECT_GT(state_bytes(*hybrid), 0);
  }
  EXPECT_EQ(synthesise(-8, 8, SynthesisKind::dense).error().code, "shape.size");
  EXPECT_EQ(synthesise(8, 9, SynthesisKind::dense).error().code, "shape.size");
  EXPECT_FALSE(synthesise(std::nan(""), 1, SynthesisKind::dense));
}

TEST(Catalogue, ABadFileNamesItsLine) {
  const std::string head =
      "model,source,layers,hidden,n_heads,n_kv_heads,head_dim,ffn_dim,ffn_matrices,vocab,"
      "tied_embeddings\n";
  EXPECT_TRUE(parse_model_catalogue(head + "a,me,2,64,4,2,16,128,3,100,1\n"));
  const auto heads = parse_model_catalogue(head + "a,me,2,64,4,3,16,128,3,100,1\n");
  ASSERT_FALSE(heads);
  EXPECT_THAT(heads.error().message, HasSubstr("line 2"));
  EXPECT_THAT(heads.error().message, HasSubstr("4 heads cannot share 3 KV heads"));
  EXPECT_EQ(parse_model_catalogue(head + "a,b\n").error().code, "shape.catalogue");
  EXPECT_THAT(parse_model_catalogue("model,source\na,b\n").error().cure, HasSubstr("layers"));
}

}  // namespace
}  // namespace joulebook::physics
