#include "report/sizing_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/golden.h"
#include "report/text_grid.h"
#include "study/sizing/sizing_test_study.h"

namespace joulebook {
namespace {

StudyResult planted_study(int rounds) {
  test::PlantedWorld w;
  w.arms = {{"large model", {1, 0.9, 0.6}, {100, 100, 140}},
            {"middle", {1, 0.6, 0.5}, {40, 40, 50}},
            {"forest", {0.9, 0.1, 0}, {1, 1.2, 0.8}}};
  w.prompts = 10;
  w.rounds = rounds;
  w.scatter = 0.05;
  w.exact = true;
  return test::planted(w, 1);
}

std::string text_of(const StudyResult& study, const char* require, int width) {
  SizingOptions o{*parse_requirement(require), 0, {}};
  const auto sizing = size_arms(study, o);
  const auto route = route_study(study, {o, std::nullopt, ""});
  return sizing_table(*sizing, study, {width, false}) + "\n" +
         route_table(*route, study, {width, false});
}

std::string golden(const std::string& name) { return std::string(JOULEBOOK_GOLDEN_DIR) + "/" + name; }

TEST(SizingTable, AsKept) {
  fakes::expect_golden(golden("sizing.txt"), text_of(planted_study(2), "correct>=0.8", 100));
}

TEST(SizingTable, NoneIsEnoughInOneRound) {
  fakes::expect_golden(golden("sizing_none.txt"), text_of(planted_study(1), "correct>=0.99", 80));
}

TEST(SizingTable, ALadderSaysWhatEachStepBought) {
  StudyResult study = planted_study(2);
  const char* efforts[] = {"high", "medium", "low"};
  for (std::size_t a = 0; a < 3; ++a) {
    study.spec.arms[a].effort = efforts[2 - a];
    study.spec.arms[a].model = "http://localhost:1/v1";
  }
  const std::string text = ladder_table(ladder_of(study), study, {100, false});
  EXPECT_THAT(text, testing::HasSubstr("What each step bought"));
  EXPECT_THAT(text, testing::HasSubstr("forest, after middle"));
  study.spec.arms[1].effort.reset();
  EXPECT_EQ(ladder_table(ladder_of(study), study, {100, false}), "");
}

TEST(SizingTable, NoLineIsWiderThanTheScreen) {
  for (const int width : {40, 80, 120}) {
    std::istringstream lines(text_of(planted_study(2), "correct>=0.8", width));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), width) << line;
  }
}

}  // namespace
}  // namespace joulebook
