// CSV and Markdown of the sample study, byte for byte. JOULEBOOK_REGENERATE=1 writes them anew:
// read the difference before it is committed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "core/file_tree.h"
#include "core/text.h"
#include "export/csv.h"
#include "export/markdown.h"
#include "export/run_export.h"
#include "export/study_json.h"
#include "fakes/sample_study.h"

namespace joulebook {
namespace {

void expect_golden(const std::string& name, const std::string& bytes) {
  const std::string path = std::string(JOULEBOOK_SOURCE_DIR) + "/tests/golden/export/" + name;
  if (std::getenv("JOULEBOOK_REGENERATE") != nullptr) {
    ASSERT_TRUE(write_file(path, bytes));
  }
  const auto golden = read_file(path);
  ASSERT_TRUE(golden) << golden.error().message;
  EXPECT_EQ(*golden, bytes) << name;
}

Json sample_run() {
  const StudyResult study = fakes::sample_study();
  Json run = to_json(study)["whole"];
  run.set("duration_s", study.whole.window.duration().count());
  Json window = Json::object({{"name", "load, then wait"}, {"total", run["total"]}});
  return run.set("windows", Json::array({window}));
}

std::vector<std::vector<std::string>> cells(const std::string& csv) {
  std::vector<std::vector<std::string>> rows;
  for (const auto line : split(trim(csv), '\n')) rows.push_back(parse_csv_line(line));
  return rows;
}

TEST(Golden, TrialsCsv) { expect_golden("trials.csv", trials_csv(fakes::sample_study())); }
TEST(Golden, ArmsCsv) { expect_golden("arms.csv", arms_csv(fakes::sample_study())); }
TEST(Golden, StudyMarkdown) { expect_golden("study.md", study_markdown(fakes::sample_study())); }
TEST(Golden, RunCsv) { expect_golden("run.csv", run_csv(sample_run())); }
TEST(Golden, RunMarkdown) { expect_golden("run.md", run_markdown(sample_run())); }

TEST(Csv, EveryRowHasEveryColumnAndColumnsAreUnique) {
  const StudyResult study = fakes::sample_study();
  for (const auto& csv : {trials_csv(study), arms_csv(study), run_csv(sample_run())}) {
    const auto rows = cells(csv);
    const std::set<std::string> names(rows[0].begin(), rows[0].end());
    EXPECT_EQ(names.size(), rows[0].size());
    for (const auto& row : rows) EXPECT_EQ(row.size(), rows[0].size());
  }
}

TEST(Csv, ValuesReadBackAsTheSameDoubles) {
  const StudyResult study = fakes::sample_study();
  const auto rows = cells(trials_csv(study));
  const auto column = static_cast<std::size_t>(std::find(rows[0].begin(), rows[0].end(), "energy") -
                                               rows[0].begin());
  ASSERT_EQ(rows.size(), study.trials.size() + 1);
  for (std::size_t i = 0; i + 1 < study.trials.size(); ++i) {
    EXPECT_EQ(parse_double(rows[i + 1][column]), study.trials[i].energy.value);
    EXPECT_EQ(parse_double(rows[i + 1][column + 1]), study.trials[i].energy.interval().lo);
  }
}

TEST(Csv, AnAbsenceIsAnEmptyCellWithItsReason) {
  const auto rows = cells(trials_csv(fakes::sample_study()));
  const auto column = static_cast<std::size_t>(std::find(rows[0].begin(), rows[0].end(), "energy") -
                                               rows[0].begin());
  EXPECT_EQ(rows.back()[column], "");
  EXPECT_EQ(rows.back()[column + 1], "0.1");  // the lower bound that is known
  EXPECT_EQ(rows.back()[column + 2], "");
  EXPECT_EQ(rows.back()[column + 6], "trial.failed");
}

TEST(Csv, NoPromptAndNoAnswerLeaves) {
  const StudyResult study = fakes::sample_study();
  for (const auto& text : {trials_csv(study), arms_csv(study), study_markdown(study)}) {
    EXPECT_EQ(text.find(study.spec.prompts[0].text), std::string::npos);
    EXPECT_EQ(text.find("An answer to"), std::string::npos);
  }
}

TEST(Csv, UnboundedEndsAreSaid) {
  StudyResult study = fakes::sample_study();
  study.arms[0].j_per_response.these.own.hi = std::numeric_limits<double>::infinity();
  EXPECT_NE(arms_csv(study).find(",inf,"), std::string::npos);
  EXPECT_NE(study_markdown(study).find("unbounded]"), std::string::npos);
}

TEST(Markdown, CellsCannotBreakTheTable) { EXPECT_EQ(markdown_cell("a|b\nc"), "a\\|b c"); }

TEST(RunExport, ListHasOneLineARun) {
  const RunSummary done{"run-1",
                        "run",
                        "sleep \"1\", twice",
                        "2026-11-23T22:18:00.123Z",
                        1.5,
                        true,
                        to_json(Quantity::exact(12, "J"))};
  const RunSummary open{"run-2",
                        "run",
                        "x",
                        "2026-11-23T22:19:00.123Z",
                        0,
                        false,
                        to_json(Quantity::absent("J", {"run.unfinished", "", ""}, 3.0))};
  const std::vector<RunSummary> runs = {done, open};
  const auto rows = cells(list_csv(runs));
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[1][2], "sleep \"1\", twice");
  EXPECT_EQ(rows[1][6], "12");
  EXPECT_EQ(rows[2][6], "");
  EXPECT_EQ(rows[2][7], "3");
  EXPECT_EQ(rows[2].back(), "run.unfinished");
  EXPECT_EQ(list_json(runs).at(1)["complete"].as_bool(true), false);
  EXPECT_EQ(json_lines(std::vector<Json>{1, "a"}), "1\n\"a\"\n");
}

TEST(RunExport, AnEmptyDocumentIsNoCrash) {
  EXPECT_EQ(cells(run_csv(Json())).size(), 2u);
  EXPECT_NE(run_markdown(Json()).find("no reading"), std::string::npos);
}

}  // namespace
}  // namespace joulebook
