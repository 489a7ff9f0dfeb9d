#include "study/programs/torch_network.h"

#include <gtest/gtest.h>

#include "study/programs/task_data.h"

namespace joulebook {
namespace {

// Images with ink above for "1" and below for "0".
std::vector<LabelledText> images() {
  std::vector<LabelledText> out;
  for (std::size_t i = 0; i < 40; ++i) {
    std::string text = "Image:";
    for (std::size_t p = 0; p < 64; ++p) {
      text += " " + std::to_string((p < 32) == (i % 2 == 1) ? (p * i) % 17 : 0);
    }
    out.push_back({text, i % 2 == 1 ? "1" : "0"});
  }
  return out;
}

Result<TaskModel> learn(const std::vector<LabelledText>& examples, const std::vector<int>& hidden) {
  return learn_task("digits", "network", examples, true, [&](const TrainingSet& set, ModelPart& p) {
    return learn_torch(set, hidden, p);
  });
}

TEST(TorchNetwork, LearnsWhatWasPlantedAndAlikeEachTime) {
  const auto model = learn(images(), {8, 4});
  ASSERT_TRUE(model);
  EXPECT_EQ(*model, *learn(images(), {8, 4}));
  const auto class_of = open_torch(*model);
  ASSERT_TRUE(class_of);
  EXPECT_GE(score_of(*model, images(), *class_of)->right, 39U);
}

TEST(TorchNetwork, RefusesPartsOfAnotherShape) {
  const auto model = learn(images(), {});
  ASSERT_TRUE(model);
  const std::string whole = model->parts[0].foreign;
  for (const std::string& text :
       std::vector<std::string>{"{", "{\"layers\": []}", "{\"layers\": [64, 2], \"weights\": [1]}",
                                whole.substr(0, whole.size() - 5),
                                "{\"layers\": [64, 999999, 2], \"weights\": []}"}) {
    TaskModel broken = *model;
    broken.parts[0].foreign = text;
    const auto opened = open_torch(broken);
    ASSERT_FALSE(opened) << text.substr(0, 30);
    EXPECT_EQ(opened.error().code, "model.damaged");
  }
  TaskModel other = *model;
  other.parts[0].space = feature_space("wine");
  EXPECT_FALSE(open_torch(other));
}

TEST(TorchNetwork, BeatsItsFloorOnWhatWasHeldOut) {
  const auto csv = read_data_file("digits.csv");
  if (!csv) GTEST_SKIP() << "scripts/setup tasks fetches the data sets";
  const auto data = digits_data(*csv);
  ASSERT_TRUE(data);
  const auto model = learn(data->train, {48});
  ASSERT_TRUE(model);
  const auto class_of = open_torch(*model);
  ASSERT_TRUE(class_of);
  std::vector<LabelledText> asked;
  for (const AskedRow& row : data->held_out) asked.push_back(row.example);
  EXPECT_GT(score_of(*model, asked, *class_of)->right, asked.size() * 85 / 100);
}

}  // namespace
}  // namespace joulebook
