// OpenCV's classifiers on planted rows, and on the sets themselves where scripts/setup put them.
#include "study/programs/forest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "study/programs/network_verbs.h"
#include "study/programs/task_data.h"
#include "study/rng.h"

namespace joulebook {
namespace {

// Images that are bright above for "1" and below for "0", with noise: alone, no pixel tells.
std::vector<LabelledText> planted(std::size_t count, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<LabelledText> out;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text = "Image:";
    for (std::size_t p = 0; p < 64; ++p) {
      const bool bright = (p < 32) == (i % 2 == 1);
      text += " " + std::to_string(rng.below(bright ? 17 : 12));
    }
    out.push_back({text, i % 2 == 1 ? "1" : "0"});
  }
  return out;
}

Result<TaskModel> learn(std::string_view task, const std::string& kind,
                        const std::vector<LabelledText>& examples,
                        const std::vector<int>& hidden = {16}) {
  return learn_task(task, kind, examples, true, [&](const TrainingSet& set, ModelPart& part) {
    return kind == "forest" ? learn_forest(set, {}, part)
                            : learn_network(set, {.hidden = hidden}, part);
  });
}

double share(const TaskModel& model, const std::vector<LabelledText>& asked) {
  const auto opened = OpenCvModel::open(model);
  EXPECT_TRUE(opened) << opened.error().message;
  const auto score =
      score_of(model, asked, [&](const ModelPart& part, std::size_t index, const SparseRow& row) {
        return opened->class_of(part, index, row);
      });
  EXPECT_TRUE(score);
  return static_cast<double>(score->right) / static_cast<double>(score->of);
}

TEST(Forest, LearnsWhatWasPlantedAndAlikeEachTime) {
  for (const char* kind : {"forest", "network"}) {
    const auto model = learn("digits", kind, planted(200, 1));
    ASSERT_TRUE(model) << kind;
    EXPECT_GT(share(*model, planted(100, 2)), 0.95) << kind;
    EXPECT_EQ(*model, *learn("digits", kind, planted(200, 1))) << kind;
    const auto back = parse_model(model_text(*model), "m", "digits", kind);
    ASSERT_TRUE(back);
    EXPECT_GT(share(*back, planted(100, 2)), 0.95) << kind;
  }
}

TEST(Forest, RefusesPartsThatOpenCvCannotUse) {
  for (const char* kind : {"forest", "network"}) {
    const auto model = learn("digits", kind, planted(60, 1));
    ASSERT_TRUE(model);
    for (const std::string& text :
         {std::string("{"), std::string("not a model"), std::string("{\"model\": {}}"),
          model->parts[0].foreign.substr(0, model->parts[0].foreign.size() / 2)}) {
      TaskModel broken = *model;
      broken.parts[0].foreign = text;
      const auto opened = OpenCvModel::open(broken);
      ASSERT_FALSE(opened) << kind << " " << text.substr(0, 20);
      EXPECT_EQ(opened.error().code, "model.damaged");
      EXPECT_FALSE(opened.error().cure.empty());
    }
    TaskModel other = *model;  // whole, but of another width
    other.parts[0].space = feature_space("wine");
    EXPECT_FALSE(OpenCvModel::open(other)) << kind;
  }
  EXPECT_FALSE(OpenCvModel::open([] {
    TaskModel forest = *learn("digits", "forest", planted(60, 1));
    forest.kind = "network";
    return forest;
  }()));
}

TEST(Forest, LayersAreReadOrRefused) {
  EXPECT_EQ(*parse_layers("64,32"), (std::vector<int>{64, 32}));
  EXPECT_TRUE(parse_layers("none")->empty());
  for (const char* bad : {"", "0", "64,", "513", "a", "1,2,3,4,5", "-1"}) {
    EXPECT_EQ(parse_layers(bad).error().code, "task.layers") << bad;
  }
  EXPECT_EQ(searched_layers().size(), 10U);
  for (const auto layers : searched_layers()) EXPECT_TRUE(parse_layers(layers)) << layers;
}

// Floors well under what was seen (see docs/tasks-classical.md), far above a guess.
TEST(Forest, BeatsItsFloorOnWhatWasHeldOut) {
  const auto digits = read_data_file("digits.csv");
  const auto mass = read_data_file("breast_cancer.csv");
  const auto wine = read_data_file("wine_data.csv");
  if (!digits || !mass || !wine) GTEST_SKIP() << "scripts/setup tasks fetches the data sets";
  const auto held = [](const TaskData& data) {
    std::vector<LabelledText> out;
    for (const AskedRow& row : data.held_out) out.push_back(row.example);
    return out;
  };
  const auto images = digits_data(*digits);
  const auto tables = diagnosis_data(*mass, *wine);
  ASSERT_TRUE(images && tables);
  EXPECT_GT(share(*learn("digits", "forest", images->train), held(*images)), 0.88);
  EXPECT_GT(share(*learn("digits", "network", images->train, {48}), held(*images)), 0.85);
  EXPECT_GT(share(*learn("diagnosis", "forest", tables->train), held(*tables)), 0.9);
}

}  // namespace
}  // namespace joulebook
