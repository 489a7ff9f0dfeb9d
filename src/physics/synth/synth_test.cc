// Made-up models: what is written is the shape that was asked for, and slices give back the whole.
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <set>

#include "core/file_tree.h"
#include "core/text.h"
#include "gguf/gguf_file.h"
#include "physics/shape/catalogue.h"
#include "physics/shape/counts.h"
#include "physics/shape/gguf_shape.h"
#include "physics/synth/measure.h"
#include "physics/synth/roofline.h"
#include "physics/synth/slices.h"
#include "physics/synth/synth_file.h"

namespace joulebook::synth {
namespace {

using physics::find_model;
using physics::ModelShape;
using testing::HasSubstr;

const ModelShape& named(std::string_view name) { return find_model(name)->shape; }

std::string temp(const std::string& name) { return testing::TempDir() + "/synth_" + name; }

SynthModel made(const ModelShape& shape, const SynthOptions& options = {}) {
  auto model = synth_model(shape, options);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  return std::move(*model);
}

struct Family {
  const char* model;
  Architecture architecture;
};

// One of each architecture that is written.
const Family kFamilies[] = {
    {"Llama-3.2-1B", Architecture::llama},     {"Mixtral-8x7B-v0.1", Architecture::llama},
    {"Qwen2.5-0.5B", Architecture::qwen2},     {"Qwen3-0.6B", Architecture::qwen3},
    {"Qwen3-30B-A3B", Architecture::qwen3moe}, {"Qwen1.5-MoE-A2.7B", Architecture::qwen2moe},
    {"Gemma-2b", Architecture::gemma},         {"Gemma-2-2b", Architecture::gemma2},
    {"Gemma-3-1b-it", Architecture::gemma3},   {"DeepSeek-V2-Lite", Architecture::deepseek2},
    {"DeepSeek-V3", Architecture::deepseek2},
};

TEST(SynthArchitecture, EachFamilyHasItsOwn) {
  for (const auto& family : kFamilies) {
    const auto got = architecture_of(named(family.model));
    ASSERT_TRUE(got) << family.model << ": " << got.error().message;
    EXPECT_EQ(to_string(*got), to_string(family.architecture)) << family.model;
  }
}

TEST(SynthArchitecture, WhatTheEngineFamiliesLackIsNamed) {
  const std::pair<const char*, const char*> refused[] = {{"mamba-2.8b", "recurrent"},
                                                         {"falcon-7b", "without a gate"},
                                                         {"Mistral-7B-v0.1", "sliding"},
                                                         {"BERT-base", "encoder"},
                                                         {"GLM-4.5", "dense layers between"},
                                                         {"Qwen3-Next-80B-A3B", "recurrent"},
                                                         {"GPT-2", "positions"}};
  for (const auto& [model, what] : refused) {
    const auto got = architecture_of(named(model));
    ASSERT_FALSE(got) << model;
    EXPECT_EQ(got.error().code, "synth.architecture");
    EXPECT_THAT(got.error().message, HasSubstr(what)) << model;
    EXPECT_FALSE(got.error().cure.empty());
  }
  // llama.cpp takes 26 and 27 layers for the model without a query projection in two steps.
  EXPECT_FALSE(architecture_of(first_layers(named("DeepSeek-V3"), 27)));
  EXPECT_TRUE(architecture_of(first_layers(named("DeepSeek-V3"), 28)));
}

// The file's header, read by the reader of any GGUF, is the shape within 1 % of its parameters.
TEST(SynthModel, TheHeaderIsTheShape) {
  for (const auto& family : kFamilies) {
    ModelShape shape = first_layers(named(family.model),
                                    std::min<std::int64_t>(5, named(family.model).layer_count()));
    shape.vocabulary = 1000;
    const auto model = made(shape, {.weights = "q4_0"});
    std::vector<GgufTensorSpec> specs;
    for (const auto& tensor : model.tensors) specs.push_back(tensor.spec);
    const std::string header = gguf_header(model.metadata, specs);
    // The data are never made: a file of holes stands in.
    const std::string path = temp("header.gguf");
    std::ofstream(path, std::ios::binary) << header;
    std::filesystem::resize_file(path, header.size() + model.data_bytes());
    const auto file = read_gguf(path);
    ASSERT_TRUE(file) << family.model << ": " << file.error().message;
    EXPECT_EQ(file->vocabulary(), 1000);
    const auto read = physics::shape_from_gguf(*file, "header.gguf");
    ASSERT_TRUE(read) << family.model << ": " << read.error().message;
    const double asked = static_cast<double>(physics::total_parameters(shape));
    EXPECT_NEAR(static_cast<double>(physics::total_parameters(*read)), asked, 0.01 * asked)
        << family.model;
    EXPECT_EQ(read->layer_count(), shape.layer_count());
    EXPECT_EQ(physics::kv_bytes_per_token(*read), physics::kv_bytes_per_token(shape))
        << family.model;
    std::filesystem::remove(path);
  }
}

TEST(SynthModel, WholeSizesArePublishedOnes) {
  // 8.03e9 parameters with the catalogue's vocabulary of 128000: 8.028; at 34 bytes for 32.
  const auto model = made(named("Llama-3.1-8B"));
  EXPECT_NEAR(static_cast<double>(model.data_bytes()), 8.028e9 * 34 / 32, 0.002 * 8.5e9);
  EXPECT_TRUE(model.fallbacks.empty());
}

TEST(SynthModel, RowsThatATypeDoesNotDivideFallBackAndAreNamed) {
  const auto model = made(named("SmolLM2-135M"), {.weights = "q4_K"});
  // Rows of 576 and of 1536: only ffn_down's is a whole number of 256.
  EXPECT_THAT(model.fallbacks, testing::Contains("attn_q: q5_0"));
  EXPECT_THAT(model.fallbacks, testing::Not(testing::Contains(HasSubstr("ffn_down"))));
}

TEST(SynthModel, BadOptionsAreRefusedWithTheCure) {
  const auto type = synth_model(named("SmolLM2-135M"), {.weights = "q9"});
  ASSERT_FALSE(type);
  EXPECT_EQ(type.error().code, "synth.weights");
  EXPECT_THAT(type.error().cure, HasSubstr("q8_0"));
  for (const std::int64_t n : {-5, 511, 1'000'001}) {
    EXPECT_EQ(synth_model(named("SmolLM2-135M"), {.vocabulary = n}).error().code,
              "synth.vocabulary");
  }
  EXPECT_EQ(synth_model(named("SmolLM2-135M"), {.context = -1}).error().code, "shape.length");
}

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

TEST(SynthModel, PromptsAreAsLongAsAskedAndValid) {
  for (const std::int64_t vocabulary : {512, 32000, 262144, 1'000'000}) {
    const std::string text = random_prompt(vocabulary, 700, 3);
    EXPECT_TRUE(is_valid_utf8(text)) << vocabulary;
    EXPECT_EQ(characters(text), 700U);
    EXPECT_EQ(text, random_prompt(vocabulary, 700, 3));
    EXPECT_NE(text, random_prompt(vocabulary, 700, 4));
  }
}

ModelShape tiny() {
  ModelShape shape = first_layers(named("SmolLM2-135M"), 2);
  shape.vocabulary = 600;
  return shape;
}

TEST(SynthFile, TheSameSeedWritesTheSameFileAndTheHeadOfSpecialTokensIsZero) {
  const auto model = made(tiny());
  const std::string a = temp("a.gguf"), b = temp("b.gguf"), c = temp("c.gguf");
  const auto size = write_synth(model, 1, a);
  ASSERT_TRUE(size) << size.error().message;
  ASSERT_TRUE(write_synth(model, 1, b));
  ASSERT_TRUE(write_synth(model, 2, c));
  const std::string bytes = *read_file(a);
  EXPECT_EQ(bytes.size(), *size);
  EXPECT_EQ(bytes, *read_file(b));
  EXPECT_NE(bytes, *read_file(c));
  const auto file = read_gguf(a);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->tensors[0].name, "token_embd.weight");
  const std::size_t row = 576 / 32 * 34;
  const auto data = std::string_view(bytes).substr(file->data_offset);
  EXPECT_EQ(data.substr(0, 3 * row), std::string(3 * row, '\0'));
  EXPECT_NE(data.substr(3 * row, row), std::string(row, '\0'));
  EXPECT_FALSE(std::filesystem::exists(a + ".part"));
}

TEST(SynthFile, StoppingAndBadPathsLeaveNothing) {
  const auto model = made(tiny());
  const std::string path = temp("stopped.gguf");
  const auto stopped = write_synth(model, 1, path, [](std::uint64_t n) { return n < 100'000; });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, "synth.stopped");
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(std::filesystem::exists(path + ".part"));
  EXPECT_EQ(write_synth(model, 1, testing::TempDir()).error().code, "synth.path");
  EXPECT_EQ(write_synth(model, 1, "/nowhere/at/all.gguf").error().code, "synth.path");
  const std::string pipe = temp("pipe");
  std::filesystem::remove(pipe);
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(write_synth(model, 1, pipe).error().code, "synth.path");  // never replaced
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
}

TEST(SynthFile, WhatDoesNotFitIsRefusedWithTheMostLayersThatWould) {
  const auto model = made(named("Llama-3.1-8B"));  // 8.5 GB, 0.23 GB a layer
  EXPECT_TRUE(fits(model, {}));
  EXPECT_TRUE(fits(model, {10'000'000'000, 10'000'000'000}));
  for (const Room room : {Room{5'000'000'000, {}}, Room{{}, 5'000'000'000}}) {
    const auto refused = fits(model, room);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::resource);
    EXPECT_EQ(refused.error().code, room.disk ? "synth.disk" : "synth.memory");
    const std::string& cure = refused.error().cure;
    ASSERT_THAT(cure, HasSubstr("--layers "));
    const auto n = std::stoll(cure.substr(cure.find("--layers ") + 9));
    EXPECT_TRUE(fits(made(first_layers(named("Llama-3.1-8B"), n)), room)) << n;
    EXPECT_FALSE(fits(made(first_layers(named("Llama-3.1-8B"), n + 1)), room)) << n;
  }
  const auto none = fits(model, {1'000'000, {}});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().cure, testing::Not(HasSubstr("--layers 0")));
}

// A machine whose steps cost exactly the sum of their parts gives the whole back, whatever the
// parts.
RC_GTEST_PROP(Slices, GiveBackALinearMachine, ()) {
  const Family family =
      *rc::gen::elementOf(std::vector<Family>(std::begin(kFamilies), std::end(kFamilies)));
  const ModelShape& shape = named(family.model);
  const auto slices = plan_slices(shape, {.weights = "q4_0"}, {});
  RC_ASSERT(slices.has_value());
  RC_ASSERT(slices->size() == shape.layers.size() + 2);
  const double rest = *rc::gen::inRange(0, 1000) * 1e-6;
  const double row = *rc::gen::inRange(0, 1000) * 1e-9;
  std::vector<double> layer;
  for (std::size_t g = 0; g < shape.layers.size(); ++g)
    layer.push_back(*rc::gen::inRange(1, 5000) * 1e-6);
  const auto time = [&](const Slice& slice) {
    double sum = rest + row * static_cast<double>(slice.vocabulary);
    for (std::size_t g = 0; g < layer.size(); ++g)
      sum += static_cast<double>(slice.counts[g]) * layer[g];
    return sum;
  };
  std::vector<double> measured;
  for (const auto& slice : *slices) {
    RC_ASSERT(slice.counts.back() >= 1);  // every slice ends as the whole does
    measured.push_back(time(slice));
  }
  Slice whole{{}, shape.vocabulary};
  for (const auto& group : shape.layers) whole.counts.push_back(group.count);
  const Parts parts = extrapolate(shape, *slices, measured);
  RC_ASSERT(std::abs(parts.whole - time(whole)) < 1e-9 * time(whole));
  RC_ASSERT(std::abs(parts.head - row * static_cast<double>(shape.vocabulary)) < 1e-9);
  RC_ASSERT(std::abs(parts.rest - rest) < 1e-9);
  const auto weights = weights_of_whole(shape, *slices);
  RC_ASSERT(std::abs(std::accumulate(weights.begin(), weights.end(), 0.0) - 1) < 1e-9);
}

TEST(Slices, TimesThatSayNothingAreRefused) {
  EXPECT_TRUE(plausible({.layers = 2, .whole = 3}, "a step"));
  for (const Parts& bad : {Parts{.layers = -4, .whole = -3.9}, Parts{.layers = 1, .whole = -1},
                           Parts{.layers = -0.1, .whole = 0.2}, Parts{}}) {
    const auto refused = plausible(bad, "a step");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "synth.unsteady");
    EXPECT_EQ(refused.error().kind, ErrorKind::no_reading);
  }
}

TEST(Slices, OutgrowTheCacheAndStayInMemory) {
  const auto& shape = named("Llama-3.1-8B");
  SliceLimits limits;
  const auto slices = plan_slices(shape, {}, limits);
  ASSERT_TRUE(slices) << slices.error().message;
  EXPECT_EQ((*slices)[0].layers(), 1);  // the head alone is larger than any cache
  EXPECT_GT((*slices)[1].layers(), 2);
  EXPECT_LE((*slices)[1].layers(), 16);
  EXPECT_EQ((*slices)[2].vocabulary, 16000);
  limits.layers = 7;
  EXPECT_EQ((*plan_slices(shape, {}, limits))[1].layers(), 8);
  limits = {};
  limits.memory = 1'900'000'000;  // base: 1.1 GB of embedding and head, 0.23 GB a layer
  const auto small = plan_slices(shape, {}, limits);
  ASSERT_TRUE(small) << small.error().message;
  EXPECT_LE((*small)[1].layers(), 3);
  limits.memory = 1'000'000'000;
  EXPECT_EQ(plan_slices(shape, {}, limits).error().code, "synth.memory");
}

// By hand: 100 GB/s and 1 TOP/s; Llama-3.1-8B's products at 8 bits are 7.5 GB.
TEST(Roofline, IsTheSlowerOfBytesAndOperations) {
  const auto& shape = named("Llama-3.1-8B");
  const double n = static_cast<double>(physics::matmul_parameters(shape));
  const Roofline machine{1e11, 1e12};
  const auto alone = roofline_time(shape, 8, machine, 100, 10, 1);
  EXPECT_NEAR(alone.step_s, (n + 105 * 131072) / 1e11, 0.001 * alone.step_s);
  EXPECT_NEAR(alone.prompt_s, physics::prefill_flops(shape, 100) / 1e12, 1e-9);
  const auto many = roofline_time(shape, 8, machine, 100, 10, 64);
  EXPECT_NEAR(many.step_s, 64 * physics::flops_per_token(shape, 105) / 1e12,
              1e-9);  // now operations
  EXPECT_FALSE(Roofline{}.known());
  // A latent cache is met absorbed: 2 x 16 heads x (2 x 512 + 64) FLOPs a pair instead of 320.
  const auto& latent = named("DeepSeek-V2-Lite");
  const double more = 27.0 * 2 * 16 * (1088 - 320) * 4096 * 4097 / 2;
  EXPECT_NEAR(roofline_time(latent, 8, machine, 4096, 10, 1).prompt_s,
              (physics::prefill_flops(latent, 4096) + more) / 1e12, 1e-6);
}

TEST(Measure, BadLengthsAreRefused) {
  const auto energy = [](SteadyTime, SteadyTime) { return Quantity::exact(1, "J"); };
  for (const MeasureOptions& o : {MeasureOptions{.prompt = 0}, MeasureOptions{.output = 1},
                                  MeasureOptions{.sequences = 65}, MeasureOptions{.rounds = 0}}) {
    const auto got = measure_shape(tiny(), {}, o, energy, nullptr, {});
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, "synth.lengths");
  }
}

TEST(Measure, TheCacheIsReadFromTheMachine) {
  EXPECT_EQ(last_level_cache(*real_files(temp("no_such_tree"))), SliceLimits{}.cache);
  const std::string cpu = temp("tree") + "/sys/devices/system/cpu/cpu0/cache/";
  for (const auto& [index, size] : {std::pair("index0", "32K"), std::pair("index1", "96M")}) {
    std::filesystem::create_directories(cpu + index);
    std::ofstream(cpu + index + "/size") << size << "\n";
  }
  EXPECT_EQ(last_level_cache(*real_files(temp("tree"))), 96U << 20);
}

}  // namespace
}  // namespace joulebook::synth
