// The data of the tasks (data/tasks), through the reader that a study uses.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "core/file_tree.h"
#include "core/json.h"
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

// Without what is asked about it.
std::string sentence(const Prompt& item) {
  return item.text.substr(0, item.text.rfind(" Question: "));
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
    for (const auto& item : load(kTasks / "topic" / file)) topics[item.id] = sentence(item);
  }
  EXPECT_GE(topics.size(), 600U);
  for (const auto* file : {"train.jsonl", "items.jsonl"}) {
    for (const auto& item : load(kTasks / "sentiment" / file)) {
      EXPECT_EQ(topics[item.id], sentence(item)) << item.id;
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

TEST(TaskData, EveryQueryOfRetrievalNamesADocument) {
  const auto text = read_file((kTasks / "retrieval" / "documents.jsonl").string());
  ASSERT_TRUE(text);
  std::set<std::string> ids;
  std::set<std::string> texts;
  for (const auto line : split(*text, '\n')) {
    if (line.empty()) continue;
    const auto document = parse_json(line);
    ASSERT_TRUE(document) << line;
    EXPECT_TRUE(ids.emplace((*document)["id"].as_string()).second) << line;
    EXPECT_TRUE(texts.emplace((*document)["text"].as_string()).second) << line;
  }
  EXPECT_GE(ids.size(), 150U);
  const auto queries = load(kTasks / "retrieval" / "items.jsonl");
  EXPECT_GE(queries.size(), 80U);
  for (const auto& query : queries) EXPECT_TRUE(ids.contains(query.checker.expected)) << query.id;
}

// What a passage's questions ask for differs: a sentence that answers one by its gold does not answer
// another. Whatever is expected stands in the passage.
TEST(TaskData, EveryQuestionIsAnsweredByItsPassageAndByNoOtherGold) {
  const auto items = load(kTasks / "question" / "items.jsonl");
  EXPECT_GE(items.size(), 100U);
  std::map<std::string, std::vector<const Prompt*>> passages;
  for (const auto& item : items) {
    const auto end = item.text.find("\nQuestion: ");
    ASSERT_NE(end, std::string::npos) << item.id;
    const std::string passage = item.text.substr(0, end);
    EXPECT_EQ(check(item.checker, passage), true) << item.id;
    for (const Prompt* other : passages[passage]) {
      EXPECT_EQ(check(item.checker, gold(other->checker)), false) << item.id << ' ' << other->id;
      EXPECT_EQ(check(other->checker, gold(item.checker)), false) << item.id << ' ' << other->id;
    }
    passages[passage].push_back(&item);
  }
  EXPECT_GE(passages.size(), 25U);
}

TEST(TaskData, SpansStandInTheirTextInOrder) {
  const auto items = load(kTasks / "extraction" / "items.jsonl");
  EXPECT_GE(items.size(), 120U);
  for (const auto& item : items) {
    std::size_t from = 0;
    for (const auto& span : parse_json(item.checker.expected)->items()) {
      const std::size_t at = item.text.find(span.as_string(), from);
      ASSERT_NE(at, std::string::npos) << item.id << ' ' << span.as_string();
      from = at + span.as_string().size();
    }
  }
}

// A summary is in words of its own and shorter than what it sums up.
TEST(TaskData, SummariesAreNoSentenceOfTheirPassage) {
  const auto items = load(kTasks / "summary" / "items.jsonl");
  EXPECT_GE(items.size(), 40U);
  for (const auto& item : items) {
    EXPECT_EQ(item.text.find(item.checker.expected), std::string::npos) << item.id;
    EXPECT_LT(2 * item.checker.expected.size(), item.text.size()) << item.id;
  }
}

}  // namespace
}  // namespace joulebook
