// The data of the tasks (data/tasks), through the reader that a study uses.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "core/text.h"
#include "study/checker.h"
#include "study/prompts.h"

namespace joulebook {
namespace {

namespace fs = std::filesystem;

const fs::path kTasks = JOULEBOOK_TASK_DATA;

std::vector<Prompt> load(const fs::path& file) {
  auto prompts = load_prompts(file.string());
  EXPECT_TRUE(prompts) << file << ": " << prompts.error().message;
  return prompts ? std::move(*prompts) : std::vector<Prompt>{};
}

// Every file of items or training of every task.
std::vector<fs::path> files() {
  std::vector<fs::path> out;
  for (const auto& task : fs::directory_iterator(kTasks)) {
    for (const auto* name : {"items.jsonl", "train.jsonl"}) {
      if (fs::exists(task.path() / name)) out.push_back(task.path() / name);
    }
  }
  return out;
}

// An answer that says just what is expected; of a pattern \b(this|that)\b it is "this".
std::string gold(const Checker& checker) {
  if (checker.kind != Checker::Kind::regex) return checker.expected;
  const std::string& pattern = checker.expected;
  if (!pattern.starts_with("\\b(") || !pattern.ends_with(")\\b")) return "";
  return pattern.substr(3, pattern.find_first_of("|)") - 3);
}

// "wry-food-3" is by the author "wry".
std::string author(const Prompt& item) { return item.id.substr(0, item.id.find('-')); }

TEST(TaskData, EveryItemHasACheckThatTakesItsGoldAndRefusesAnExcuse) {
  const auto all = files();
  ASSERT_GE(all.size(), 4U);
  for (const auto& file : all) {
    for (const auto& item : load(file)) {
      ASSERT_NE(item.checker.kind, Checker::Kind::none) << file << ' ' << item.id;
      EXPECT_EQ(check(item.checker, gold(item.checker)), true) << file << ' ' << item.id;
      EXPECT_EQ(check(item.checker, "I could not say."), false) << file << ' ' << item.id;
      EXPECT_EQ(item.text, trim(item.text)) << file << ' ' << item.id;
    }
  }
}

TEST(TaskData, ALabelIsRefusedForEveryOther) {
  for (const auto& file : files()) {
    for (const auto& item : load(file)) {
      for (const auto& label : item.checker.labels.value_or(std::vector<std::string>{})) {
        EXPECT_EQ(check(item.checker, label), label == item.checker.expected) << item.id;
      }
    }
  }
}

// No author, so no template of a sentence, is on both sides.
TEST(TaskData, TrainingAndTestShareNoAuthorAndNoSentence) {
  int splits = 0;
  for (const auto& file : files()) {
    if (file.filename() != "train.jsonl") continue;
    ++splits;
    std::set<std::string> authors;
    std::set<std::string> texts;
    for (const auto& item : load(file)) {
      authors.insert(author(item));
      EXPECT_TRUE(texts.insert(normalised(item.text)).second) << item.id << " stands twice";
    }
    EXPECT_GE(authors.size(), 3U);
    for (const auto& item : load(file.parent_path() / "items.jsonl")) {
      EXPECT_FALSE(authors.contains(author(item))) << item.id;
      EXPECT_TRUE(texts.insert(normalised(item.text)).second) << item.id << " stands twice";
    }
  }
  EXPECT_GE(splits, 2);
}

TEST(TaskData, SentencesOfBothTasksAreTheSameByTheirId) {
  std::map<std::string, std::string> topics;
  for (const auto* file : {"train.jsonl", "items.jsonl"}) {
    for (const auto& item : load(kTasks / "topic" / file)) topics[item.id] = item.text;
  }
  EXPECT_GE(topics.size(), 600U);
  for (const auto* file : {"train.jsonl", "items.jsonl"}) {
    for (const auto& item : load(kTasks / "sentiment" / file)) {
      EXPECT_EQ(topics[item.id], item.text) << item.id;
    }
  }
}

// A guess of one label is right as often as any other, for each author and in whole.
TEST(TaskData, LabelsOfSentencesAreEven) {
  for (const auto* task : {"sentiment", "topic"}) {
    for (const auto* file : {"train.jsonl", "items.jsonl"}) {
      std::map<std::string, std::map<std::string, int>> counts;
      const auto items = load(kTasks / task / file);
      for (const auto& item : items) ++counts[author(item)][item.checker.expected];
      for (const auto& [name, labels] : counts) {
        EXPECT_EQ(labels.size(), items.front().checker.labels->size()) << name;
        for (const auto& [label, count] : labels) {
          EXPECT_EQ(count, labels.begin()->second) << task << ' ' << name << ' ' << label;
        }
      }
    }
  }
}

TEST(TaskData, ThereAreHardSentences) {
  std::map<std::string, int> kinds;
  for (const auto& item : load(kTasks / "sentiment" / "items.jsonl")) ++kinds[item.kind];
  for (const auto* kind : {"plain", "negation", "irony", "mixed"}) EXPECT_GE(kinds[kind], 20);
}

}  // namespace
}  // namespace joulebook
