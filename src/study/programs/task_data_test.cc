// The sets themselves are read where scripts/setup put them; elsewhere rows of the same form stand
// in, drawn here.
#include "study/programs/task_data.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/json.h"
#include "core/text.h"
#include "study/programs/table_words.h"
#include "study/rng.h"

namespace joulebook {
namespace {

std::string digits_csv(std::size_t rows, std::uint64_t seed) {
  Rng rng(seed);
  std::string out;
  for (std::size_t i = 0; i < rows; ++i) {
    for (int p = 0; p < 64; ++p) out += fmt::format("{},", rng.below(17));
    out += fmt::format("{}\n", i % 10);
  }
  return out;
}

std::string table_csv(std::size_t rows, std::size_t columns, std::size_t classes) {
  Rng rng(columns);
  std::string out = "head,of,the,file\n";
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t c = 0; c < columns; ++c) out += fmt::format("{:.4f},", rng.uniform());
    out += fmt::format("{}\n", i * classes / rows);
  }
  return out;
}

// No text that is held out is trained on, and every label is on both sides in like share.
void expect_clean(const TaskData& data, double least_share) {
  std::set<std::string> trained;
  std::map<std::string, double> train;
  std::map<std::string, double> held;
  for (const auto& [text, label] : data.train) {
    trained.insert(text);
    ++train[label];
  }
  std::set<std::string> ids;
  for (const AskedRow& row : data.held_out) {
    EXPECT_FALSE(trained.contains(row.example.text)) << row.id;
    EXPECT_TRUE(ids.insert(row.id).second) << row.id;
    EXPECT_THAT(row.labels, testing::Contains(row.example.label));
    ++held[row.example.label];
  }
  ASSERT_EQ(train.size(), held.size());
  for (const auto& [label, count] : train) {
    const double share = held[label] / (held[label] + count);
    EXPECT_GT(share, least_share) << label;
    EXPECT_LT(share, 0.36) << label;
  }
}

TEST(TaskData, DigitsAreSplitInTheOrderOfTheirFile) {
  const auto data = digits_data(digits_csv(400, 1));
  ASSERT_TRUE(data);
  EXPECT_EQ(data->train.size(), 300U);
  EXPECT_EQ(data->held_out.front().id, "digits-300");
  expect_clean(*data, 0.2);
}

TEST(TaskData, DiagnosesAreSplitWithinEachClass) {
  const auto data = diagnosis_data(table_csv(200, 30, 2), table_csv(90, 13, 3));
  ASSERT_TRUE(data);
  EXPECT_EQ(data->train.size(), 140U + 63U);
  expect_clean(*data, 0.29);
  const auto again = diagnosis_data(table_csv(200, 30, 2), table_csv(90, 13, 3));
  EXPECT_EQ(data->train, again->train);
}

TEST(TaskData, TheRealSetsAreSplitCleanlyToo) {
  const auto digits = read_data_file("digits.csv");
  const auto mass = read_data_file("breast_cancer.csv");
  const auto wine = read_data_file("wine_data.csv");
  if (!digits || !mass || !wine) GTEST_SKIP() << "scripts/setup tasks fetches the data sets";
  const auto images = digits_data(*digits);
  ASSERT_TRUE(images);
  EXPECT_EQ(images->train.size() + images->held_out.size(), 1797U);
  expect_clean(*images, 0.2);
  const auto tables = diagnosis_data(*mass, *wine);
  ASSERT_TRUE(tables);
  EXPECT_EQ(tables->train.size() + tables->held_out.size(), 569U + 178U);
  expect_clean(*tables, 0.29);
}

TEST(TaskData, BalancedRowsHaveAsManyOfEachLabel) {
  const auto data = diagnosis_data(table_csv(200, 30, 2), table_csv(90, 13, 3));
  ASSERT_TRUE(data);
  std::map<std::string, std::map<std::string, int>> all;
  std::map<std::string, std::map<std::string, int>> asked;
  for (const AskedRow& row : data->held_out) ++all[row.kind][row.example.label];
  for (const AskedRow& row : balanced(data->held_out)) ++asked[row.kind][row.example.label];
  ASSERT_EQ(asked.size(), 2U);
  for (const auto& [kind, counts] : asked) {
    EXPECT_EQ(counts.size(), all[kind].size());
    int least = 1000;
    for (const auto& [label, count] : all[kind]) least = std::min(least, count);
    EXPECT_GT(least, 0);
    for (const auto& [label, count] : counts) EXPECT_EQ(count, least) << label;
  }
}

TEST(TaskData, ItemsAreAsAStudyReadsThem) {
  const auto data = digits_data(digits_csv(40, 2));
  ASSERT_TRUE(data);
  const std::string jsonl = items_jsonl(data->held_out);
  const auto lines = split(trim(jsonl), '\n');
  ASSERT_EQ(lines.size(), 10U);
  const auto item = parse_json(lines[0]);
  ASSERT_TRUE(item);
  EXPECT_EQ((*item)["check"]["kind"].as_string(), "label");
  EXPECT_EQ((*item)["check"]["expected"].as_string(), data->held_out[0].example.label);
  EXPECT_EQ((*item)["check"]["labels"].items().size(), 10U);
  const auto examples = parse_examples(jsonl, "items.jsonl");
  ASSERT_TRUE(examples);
  EXPECT_EQ(examples->at(3), data->held_out[3].example);
}

TEST(TaskData, DamagedFilesAreRefusedByTheirRow) {
  std::string csv = digits_csv(3, 1);
  csv.replace(csv.rfind(",2\n"), 3, ",12\n");
  EXPECT_EQ(digits_data(csv).error().code, "data.syntax");
  EXPECT_THAT(digits_data(csv).error().message, testing::HasSubstr("row 2"));
  EXPECT_EQ(digits_data("1,2,3\n").error().code, "data.syntax");
  EXPECT_EQ(diagnosis_data("head\n1,x,0\n", "").error().code, "data.syntax");
  EXPECT_EQ(read_data_file("no-such.csv").error().code, "data.missing");
}

RC_GTEST_PROP(TableWords, WordsReadBackAsTheirFigures, ()) {
  std::vector<std::string> cells;
  std::vector<double> wanted;
  for (std::size_t i = 0; i < wine_words().columns.size(); ++i) {
    wanted.push_back(*rc::gen::inRange(-1'000'000, 1'000'000) / 1000.0);
    cells.push_back(fmt::format("{}", wanted.back()));
  }
  std::vector<double> values;
  RC_ASSERT(values_in_words(wine_words(), in_words(wine_words(), cells), values).has_value());
  RC_ASSERT(values == wanted);
}

TEST(TableWords, RowsOfAnotherFormAreRefused) {
  const std::vector<std::string> cells(13, "1");
  const std::string good = in_words(wine_words(), cells);
  std::vector<double> values;
  ASSERT_TRUE(values_in_words(wine_words(), good, values));
  const std::vector<std::string> others = {
      good + ", more 1",  good.substr(0, good.rfind(',')),
      "Wine: alcohol x",  "",
      "Wine:" + good.substr(good.find(',') + 1), good.substr(0, good.size() - 1) + "inf"};
  for (const std::string& bad : others) {
    EXPECT_EQ(values_in_words(wine_words(), bad, values).error().code, "item.form") << bad;
  }
}

}  // namespace
}  // namespace joulebook
