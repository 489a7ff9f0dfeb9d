// Made-up models in the embedded engine: each architecture loads and runs, numbers stay finite, the
// measurement hangs together. Times are looked at, never judged.
#include <ggml.h>
#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <filesystem>

#include "core/file_tree.h"
#include "engine/engine.h"
#include "engine/timed_run.h"
#include "gguf/gguf_file.h"
#include "gguf/gguf_types.h"
#include "gguf/random_blocks.h"
#include "physics/shape/catalogue.h"
#include "physics/shape/counts.h"
#include "physics/synth/measure.h"
#include "physics/synth/synth_file.h"

namespace joulebook::synth {
namespace {

using physics::ModelShape;

std::string folder() {
  const std::string path = testing::TempDir() + "/synth_engine";
  std::filesystem::create_directories(path);
  return path;
}

// The engine's own arithmetic on our blocks: mean and deviation are what was asked for.
TEST(RandomBlocksInTheEngine, HaveTheirMeanAndDeviation) {
  for (const auto& name : random_block_names()) {
    const std::uint32_t type = *random_block_type(name);
    const auto* traits = ggml_get_type_traits(static_cast<ggml_type>(type));
    for (const double deviation : {1.0, 0.02, 0.008}) {
      constexpr std::int64_t kCount = 256 * 2000;
      std::string bytes(kCount / gguf_type(type)->block * gguf_type(type)->bytes, '\0');
      RandomBlocks(7).fill(type, deviation, bytes);
      std::vector<float> values(kCount);
      if (type == 0) {
        std::memcpy(values.data(), bytes.data(), bytes.size());
      } else {
        traits->to_float(bytes.data(), values.data(), kCount);
      }
      double sum = 0, squares = 0;
      for (const float x : values) {
        ASSERT_TRUE(std::isfinite(x)) << name;
        sum += x;
        squares += static_cast<double>(x) * x;
      }
      const double mean = sum / kCount;
      const double spread = std::sqrt(squares / kCount - mean * mean);
      EXPECT_NEAR(spread, deviation, 0.03 * deviation) << name;
      EXPECT_LT(std::abs(mean), 0.03 * deviation) << name;
    }
  }
}

// A family's shape made small: its kinds of layers and its proportions of heads stay.
ModelShape shrunk(std::string_view name) {
  ModelShape shape = physics::find_model(name)->shape;
  shape.hidden = 256;
  shape.vocabulary = 600;
  for (auto& g : shape.layers) {
    g.count = std::min<std::int64_t>(g.count, 2);
    g.ffn = g.ffn != 0 ? 512 : 0;
    auto& a = g.attention;
    if (a.heads != 0) {
      a.kv_heads = std::max<std::int64_t>(1, 4 * a.kv_heads / a.heads);
      a.heads = 4;
      a.head_dim = 64;
    }
    auto& l = g.latent;
    if (l.heads != 0) l = {4, l.q_lora != 0 ? 64 : 0, 64, 32, 32, 64};
    auto& e = g.experts;
    if (e.routed != 0) {
      e.shared_width = e.shared_width != 0 ? 256 : 0;
      e.routed = 8;
      e.chosen = 2;
      e.width = 128;
    }
  }
  return shape;
}

class EachFamily : public testing::TestWithParam<const char*> {};

TEST_P(EachFamily, LoadsAndWritesToItsLimit) {
  const std::string path = folder() + "/family.gguf";
  const auto model = synth_model(shrunk(GetParam()), {.weights = "q4_K"});
  ASSERT_TRUE(model) << model.error().message;
  ASSERT_TRUE(write_synth(*model, 1, path));
  auto engine = open_engine(path, {.threads = 1});
  ASSERT_TRUE(engine) << engine.error().message;
  EXPECT_EQ((*engine)->info().architecture, to_string(model->architecture));
  EXPECT_EQ((*engine)->info().parameters, read_gguf(path)->parameters());
  const std::vector<std::string> texts = {random_prompt(600, 20, 1)};
  const auto run = timed_run(**engine, texts, 12);
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(run->prompt_tokens, 20);
  EXPECT_EQ(run->output_tokens, 11);  // nothing ends it early
  EXPECT_GT(run->prompt_seconds(), 0);
  EXPECT_GT(run->decode_seconds(), 0);
}

INSTANTIATE_TEST_SUITE_P(Families, EachFamily,
                         testing::Values("Llama-3.2-1B", "Mixtral-8x7B-v0.1", "Qwen2.5-0.5B",
                                         "Qwen3-0.6B", "Qwen3-30B-A3B", "Qwen1.5-MoE-A2.7B",
                                         "Gemma-2b", "Gemma-2-2b", "Gemma-3-1b-it",
                                         "DeepSeek-V2-Lite", "DeepSeek-V3"));

TEST(CountExperts, ChosenInTheEngineAreAsManyAsTheModelSays) {
  const std::string path = folder() + "/experts.gguf";
  const auto model = synth_model(shrunk("DeepSeek-V3"), {});
  ASSERT_TRUE(model && write_synth(*model, 1, path));
  const std::vector<std::string> one = {random_prompt(600, 40, 1)};
  const auto alone = count_experts(path, one, 6);
  ASSERT_TRUE(alone) << alone.error().message;
  EXPECT_EQ(alone->layers, 2);  // the dense layers have none
  EXPECT_EQ(alone->decode_touched, 2);
  EXPECT_EQ(alone->prompt_tokens, 40);
  EXPECT_GE(alone->prompt_touched, 2);
  EXPECT_LE(alone->prompt_touched, 8);
  const std::vector<std::string> three = {one[0], random_prompt(600, 40, 2),
                                          random_prompt(600, 40, 3)};
  const auto many = count_experts(path, three, 6);
  ASSERT_TRUE(many) << many.error().message;
  EXPECT_GE(many->decode_touched, 2);
  EXPECT_LE(many->decode_touched, 6);
}

// Tokens stay apart through the layers, so that a prompt reaches the experts as uniform routing
// does.
TEST(CountExperts, APromptTouchesNearlyAsManyAsUniformRouting) {
  ModelShape shape = shrunk("DeepSeek-V2-Lite");
  shape.layers.back().count = 6;
  for (auto& g : shape.layers) {
    if (g.experts.routed != 0) g.experts.routed = 64;
  }
  const std::string path = folder() + "/many_experts.gguf";
  const auto model = synth_model(shape, {});
  ASSERT_TRUE(model && write_synth(*model, 1, path));
  const std::vector<std::string> texts = {random_prompt(600, 64, 1)};
  const auto counted = count_experts(path, texts, 2);
  ASSERT_TRUE(counted) << counted.error().message;
  const double uniform = physics::experts_touched(shape.layers.back().experts, 64);  // 55.6
  EXPECT_GT(counted->prompt_touched, 0.75 * uniform);
  EXPECT_LT(counted->prompt_touched, 1.1 * uniform);
}

TEST(CountExperts, ADenseModelHasNone) {
  const std::string path = folder() + "/dense.gguf";
  const auto model = synth_model(shrunk("Llama-3.2-1B"), {});
  ASSERT_TRUE(model && write_synth(*model, 1, path));
  const std::vector<std::string> texts = {random_prompt(600, 10, 1)};
  EXPECT_EQ(count_experts(path, texts, 2).error().code, "experts.none");
}

// A busy machine may time small slices so that nothing follows from them, and says so: once more, then.
Result<Measurement> measured(const ModelShape& shape, const MeasureOptions& options, const EnergyOf& energy) {
  auto m = measure_shape(shape, {}, options, energy, nullptr, {});
  for (int i = 0; i < 20 && !m && m.error().code == "synth.unsteady"; ++i) {
    m = measure_shape(shape, {}, options, energy, nullptr, {});
  }
  return m;
}

TEST(Measure, AMixtureIsExtrapolatedAndItsPartsAddUp) {
  ModelShape shape = shrunk("DeepSeek-V2-Lite");
  shape.layers.back().count = 6;
  MeasureOptions options{
      .prompt = 24, .output = 6, .rounds = 2, .threads = 1, .folder = folder(), .whole = true};
  int windows = 0;
  const auto energy = [&](SteadyTime begin, SteadyTime end) {
    EXPECT_LE(begin, end);
    ++windows;
    Quantity q = Quantity::exact(2, "J");
    q.boundary = "package";
    q.method = "a fake";
    return q;
  };
  const auto m = measured(shape, options, energy);
  ASSERT_TRUE(m) << m.error().message;
  EXPECT_EQ(m->slices.size(), shape.layers.size() + 2);
  EXPECT_EQ(m->timings.size(), m->slices.size());
  ASSERT_TRUE(m->whole);
  // Of each attempt that went to its end as many.
  const int of_one = 2 * 2 * (static_cast<int>(m->slices.size()) + 1);
  EXPECT_GE(windows, of_one);
  EXPECT_NEAR(m->step.layers + m->step.head + m->step.rest, m->step.whole, 1e-12);
  EXPECT_GT(m->whole->step_s, 0);
  // 2 J a window, whatever the slice: the weights sum to 1. A step is one of five.
  ASSERT_TRUE(m->prompt_energy.present());
  EXPECT_NEAR(*m->prompt_energy.value, 2, 1e-9);
  EXPECT_NEAR(*m->step_energy.value, 2.0 / 5, 1e-9);
  EXPECT_EQ(m->prompt_energy.tier, Tier::modelled);  // never measured: it was not run
  ASSERT_TRUE(m->experts && *m->experts);
  EXPECT_EQ((*m->experts)->counted.decode_touched, 2);
  EXPECT_EQ((*m->experts)->decode_uniform, 2);
  EXPECT_NEAR((*m->experts)->prompt_uniform, 8 * (1 - std::pow(0.75, 24)), 1e-9);
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    EXPECT_THAT(entry.path().filename().string(), testing::Not(testing::StartsWith("slice-")));
  }
}

TEST(Measure, AnAbsentEnergyStaysAbsent) {
  MeasureOptions options{.prompt = 8, .output = 3, .rounds = 1, .threads = 1, .folder = folder()};
  const auto energy = [](SteadyTime, SteadyTime) {
    return Quantity::absent("J", {"sensor.none", "no sensor", "attach one"});
  };
  const auto m = measured(shrunk("Qwen3-0.6B"), options, energy);
  ASSERT_TRUE(m) << m.error().message;
  ASSERT_FALSE(m->prompt_energy.present());
  EXPECT_EQ(m->prompt_energy.reason->code, "sensor.none");
  EXPECT_FALSE(m->experts);
  EXPECT_FALSE(m->whole);
}

}  // namespace
}  // namespace joulebook::synth
