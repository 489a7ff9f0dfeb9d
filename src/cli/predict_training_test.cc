// predict --training: its options, its table, its check of published runs. JOULEBOOK_REGENERATE=1
// writes the goldens anew: read the difference before it is committed.
#include <gmock/gmock.h>

#include <cstdlib>

#include "cli/cmd_predict_training.h"
#include "cli/training_result.h"
#include "core/file_tree.h"

namespace joulebook {
namespace {

using testing::HasSubstr;

constexpr int kWidth = 100;

void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(JOULEBOOK_SOURCE_DIR) + "/tests/golden/predict/" + name;
  if (std::getenv("JOULEBOOK_REGENERATE") != nullptr) {
    ASSERT_TRUE(write_file(path, text));
  }
  const auto golden = read_file(path);
  ASSERT_TRUE(golden) << golden.error().message;
  EXPECT_EQ(*golden, text) << name;
}

PredictTrainingOptions reinforcement() {
  PredictTrainingOptions o;
  o.model = "Llama-3.1-8B";
  o.method = "rl";
  o.prompts = 100000;
  o.rewards = {"7B", "rule"};
  o.gpus = 8;
  o.pue = 1.1;
  o.grid = 400;
  return o;
}

TEST(PredictTraining, TheTableIsAsKept) {
  const auto plan = training_plan(reinforcement());
  ASSERT_TRUE(plan) << plan.error().message;
  const auto cost = training::training_cost(*plan);
  ASSERT_TRUE(cost) << cost.error().message;
  expect_golden("training-rl.txt", training_text(*plan, *cost, kWidth));
}

TEST(PredictTraining, TheCheckIsAsKept) {
  expect_golden("training-check.txt", training_check_text(training::published_runs(), kWidth));
  const Json json = training_check_json(training::published_runs());
  EXPECT_EQ(json["implausible"].as_int(), 1);
  EXPECT_EQ(json["rows"].items().size(), 36U);
}

TEST(PredictTraining, EveryEnergyInTheRecordIsAQuantityAndPartsAddUp) {
  const auto plan = training_plan(reinforcement());
  const auto cost = training::training_cost(*plan);
  const Json json = training_json(*plan, *cost);
  double sum = 0;
  for (const auto& part : json["parts"].items()) {
    const auto q = quantity_from_json(part["energy"]);
    ASSERT_TRUE(q) << q.error().message;
    EXPECT_EQ(q->boundary, "gpu+pue");
    sum += *q->value;
  }
  EXPECT_NEAR(sum, json["energy"]["value"].as_double(), 1e-6 * sum);
  EXPECT_EQ(json["energy"]["tier"].as_string(), "modelled");
  EXPECT_EQ(json["carbon"]["unit"].as_string(), "kg");
}

TEST(PredictTraining, CountsAreReadWithTheirUnits) {
  EXPECT_EQ(*count_of("15T", "--tokens"), 15e12);
  EXPECT_EQ(*count_of("1.5e13", "--tokens"), 1.5e13);
  EXPECT_EQ(*count_of("70b", "--params"), 70e9);
  EXPECT_EQ(*count_of(" 300 M ", "--tokens"), 300e6);
  for (const char* bad : {"", "T", "-5", "many", "5X", "1e", "nan"}) {
    const auto n = count_of(bad, "--tokens");
    ASSERT_FALSE(n) << bad;
    EXPECT_THAT(n.error().message, HasSubstr("--tokens"));
    EXPECT_FALSE(n.error().cure.empty());
  }
}

TEST(PredictTraining, BadOptionsNameTheCure) {
  const auto code = [](auto change) {
    PredictTrainingOptions o;
    o.model = "Llama-3.1-8B";
    change(o);
    const auto plan = training_plan(o);
    return plan ? "" : plan.error().code;
  };
  EXPECT_EQ(code([](auto&) {}), "");
  EXPECT_EQ(code([](auto& o) { o.model.clear(); }), "training.plan");
  EXPECT_EQ(code([](auto& o) { o.model = "nobody-knows"; }), "shape.unknown");
  EXPECT_EQ(code([](auto& o) { o.gpu = "H1000X"; }), "hardware.unknown");
  EXPECT_EQ(code([](auto& o) { o.tokens = "lots"; }), "training.number");
  EXPECT_EQ(code([](auto& o) { o.sequence = 0; }), "training.plan");
  EXPECT_EQ(code([](auto& o) { o.sequence = -4; }), "shape.length");
  EXPECT_EQ(code([](auto& o) { o.rewards = {"nobody-knows"}; }), "shape.unknown");
  EXPECT_EQ(code([](auto& o) {
              o.model.clear();
              o.params = "7B";
              o.active = "9B";
            }),
            "training.params");
}

}  // namespace
}  // namespace joulebook
