#include "study/tasks/task_toml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace joulebook {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const TaskPlaces kPlaces{"/b", "/w", "/m/model.gguf", "/e"};

constexpr const char* kArms = R"(
[[arm]]
name = "one"
role = "special"
command = ["{bin}/helper", "{file}", "{task}/x"]
[[arm]]
name = "two"
role = "general"
model = "default"
cost_only = "random weights"
)";

std::string with_arms(const std::string& head, const std::string& tail = {}) {
  return head + "\nprompts = \"items.jsonl\"\n" + kArms + tail;
}

Result<TaskSpec> parse(const std::string& toml) {
  return parse_task(toml, testing::TempDir() + "cats/task.toml", kPlaces);
}

TEST(TaskToml, ReadsWhatATaskNeedsBesideAStudy) {
  const auto task = parse(with_arms(R"(
title = "Cats"
published = "image_classification"
prepare = [["{bin}/helper", "data", "{work}/cats"]]
needs = [{ program = "cat", package = "coreutils" }, { file = "{engine}/x", cure = "build it" }]
)",
                                    R"(
[[train]]
arm = "one"
command = ["{bin}/helper", "train", "{work}/cats/out.yml"]
timeout_s = 5
)"));
  ASSERT_TRUE(task) << task.error().message;
  EXPECT_EQ(task->name, "cats");
  EXPECT_EQ(task->title, "Cats");
  ASSERT_EQ(task->prepare.size(), 1U);
  EXPECT_THAT(task->prepare[0], ElementsAre("/b/helper", "data", "/w/cats"));
  ASSERT_EQ(task->needs.size(), 2U);
  EXPECT_EQ(task->needs[1].file, "/e/x");
  ASSERT_EQ(task->trainings.size(), 1U);
  EXPECT_THAT(task->trainings[0].outputs, ElementsAre("/w/cats/out.yml"));
  ASSERT_EQ(task->arms.size(), 2U);
  EXPECT_EQ(task->arms[0].role, ArmRole::special);
  EXPECT_EQ(task->arms[1].cost_only, "random weights");
}

TEST(TaskToml, TheRestIsTheStudyOnceItsItemsAreThere) {
  const std::string folder = testing::TempDir() + "cats";
  std::filesystem::create_directories(folder);
  std::filesystem::remove(folder + "/items.jsonl");
  const auto task = parse(with_arms("published_none = \"no cats\""));
  ASSERT_TRUE(task) << task.error().message;
  EXPECT_FALSE(study_of(*task, kPlaces));
  std::ofstream(folder + "/items.jsonl")
      << R"({"id": "a", "kind": "k", "prompt": "x", "file": "items.jsonl"})" << "\n";
  const auto study = study_of(*task, kPlaces);
  ASSERT_TRUE(study) << study.error().message;
  EXPECT_EQ(study->name, "task cats");
  ASSERT_EQ(study->arms.size(), 2U);
  EXPECT_THAT(study->arms[0].engine.command->argv,
              ElementsAre("/b/helper", "{file}", folder + "/x"));
  EXPECT_EQ(study->arms[0].engine.command->directory, folder);
  EXPECT_EQ(study->arms[1].model, "/m/model.gguf");
}

TEST(TaskToml, WhatIsWrongIsSaidWithItsLine) {
  const auto code = [](const std::string& toml) {
    const auto task = parse(toml);
    if (task) return std::string();
    EXPECT_THAT(task.error().message, HasSubstr("task.toml:"));
    return task.error().code + " " + task.error().cure;
  };
  const std::string good = "published_none = \"no\"";
  EXPECT_EQ(code(with_arms(good)), "");
  EXPECT_THAT(code(with_arms(good + "\nprepair = []")), HasSubstr("did you mean 'prepare'"));
  EXPECT_THAT(code(with_arms(good, "rol = \"special\"")), HasSubstr("did you mean 'role'"));
  EXPECT_THAT(code(with_arms("")), HasSubstr("published"));
  EXPECT_THAT(code(with_arms(good + "\npublished = \"x\"")), HasSubstr("toml.value"));
  EXPECT_THAT(code(with_arms(good + "\nprepare = [[\"a\", \"{home}/x\"]]")), HasSubstr("{bin}"));
  EXPECT_THAT(code(with_arms(good + "\nprepare = [\"a\"]")), HasSubstr("toml.value"));
  EXPECT_THAT(code(with_arms(good + "\nprepare_timeout_s = 0")), HasSubstr("toml.value"));
  EXPECT_THAT(code(with_arms(good + "\nshare = 0")), HasSubstr("ordinary task"));
  EXPECT_THAT(code(with_arms(good + "\nneeds = [{ package = \"p\" }]")), HasSubstr("toml.value"));
  EXPECT_THAT(code(with_arms(good + "\nneeds = [{ programm = \"p\" }]")), HasSubstr("'program'"));
  EXPECT_THAT(code(with_arms(good, "[[train]]\narm = \"three\"\ncommand = [\"a\", \"b\"]")),
              HasSubstr("one of: one, two"));
  EXPECT_THAT(code(with_arms(good, "[[train]]\narm = \"one\"\ncommand = [\"a\"]")),
              HasSubstr("toml.value"));
  EXPECT_THAT(code(good + "\n[[arm]]\nname = \"a\"\nrole = \"special\"\ncommand = [\"a\"]"),
              HasSubstr("general"));
  EXPECT_THAT(code(good + "\n[[arm]]\nname = \"a\"\ncommand = [\"a\"]"), HasSubstr("role"));
  EXPECT_THAT(code("nonsense ="), HasSubstr("toml.syntax"));
}

TEST(TaskToml, ASmallPictureStandsForAFullOne) {
  const auto scale = [](const std::string& image, const std::string& full) {
    return parse(with_arms("published_none = \"no\"",
                           "[arm.stands_for]\nimage = \"" + image + "\"\ngpu = \"A100\"\nran = { width = 128, height = 128, steps = 1 }\nfull = " +
                               full + "\n"));
  };
  const auto task = scale("stable-diffusion-v1-5", "{ width = 512, height = 512, steps = 50 }");
  ASSERT_TRUE(task) << task.error().message;
  EXPECT_FALSE(task->arms[0].scale);
  ASSERT_TRUE(task->arms[1].scale);
  EXPECT_EQ(task->arms[1].scale->ran.steps, 1);
  EXPECT_EQ(task->arms[1].scale->full.width, 512);
  for (const char* wrong : {"{ width = 512, height = 512 }", "{ wide = 512 }", "512"}) {
    const auto refused = scale("stable-diffusion-v1-5", wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_THAT(refused.error().message, HasSubstr("task.toml:")) << wrong;
  }
  EXPECT_THAT(scale("no-such-model", "{ width = 512, height = 512, steps = 50 }").error().message, HasSubstr("no-such-model"));
}

TEST(TaskToml, TasksStandInTheOrderOfTheTable) {
  const std::string folder = testing::TempDir() + "tasks_in_order";
  for (const char* name : {"zebra", "speech", "digits", "apple"}) {
    std::filesystem::create_directories(folder + "/" + name);
    std::ofstream(folder + "/" + name + "/task.toml") << "";
  }
  std::filesystem::create_directories(folder + "/no-task");
  const auto found = find_tasks(folder);
  ASSERT_TRUE(found);
  EXPECT_THAT(*found, ElementsAre(folder + "/digits", folder + "/speech", folder + "/apple",
                                  folder + "/zebra"));
  EXPECT_EQ(find_tasks(folder + "/nowhere").error().code, "tasks.none");
}

// The project's own: each is read, and where its items are not made first, its study is as well.
TEST(TaskToml, TheTasksOfTheProjectAreRead) {
  const auto folders = find_tasks(std::string(JOULEBOOK_SOURCE_DIR) + "/data/tasks");
  ASSERT_TRUE(folders);
  EXPECT_GE(folders->size(), 10U);
  for (const auto& folder : *folders) {
    const auto task = load_task(folder, kPlaces);
    ASSERT_TRUE(task) << task.error().message;
    if (!std::filesystem::exists(folder + "/items.jsonl")) continue;
    const auto study = study_of(*task, kPlaces);
    ASSERT_TRUE(study) << folder << ": " << study.error().message;
    for (std::size_t a = 0; a < task->arms.size(); ++a) {
      if (!task->arms[a].scale) continue;  // what it says that it ran is what its command draws
      const TaskPicture& ran = task->arms[a].scale->ran;
      const auto& argv = study->arms[a].engine.command->argv;
      ASSERT_GE(argv.size(), 3U);
      const std::vector<std::string> drawn(argv.end() - 3, argv.end());
      EXPECT_THAT(drawn, ElementsAre(std::to_string(static_cast<int>(ran.width)), std::to_string(static_cast<int>(ran.height)),
                                     std::to_string(static_cast<int>(ran.steps))));
    }
  }
}

}  // namespace
}  // namespace joulebook
