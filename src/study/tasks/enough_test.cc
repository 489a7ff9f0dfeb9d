// Which arm of a task is enough, and a day by the route over tasks, on planted studies.
#include "study/tasks/enough.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "fakes/sample_tasks.h"
#include "study/sizing/sizing_test_study.h"

namespace joulebook {
namespace {

using testing::HasSubstr;

TaskResult row_of(const StudyResult& study, const std::vector<ArmRole>& roles) {
  TaskResult row;
  row.name = "planted";
  for (std::size_t a = 0; a < roles.size(); ++a) {
    row.arms.push_back(fakes::sample_task_arm(study.spec.arms[a].name, roles[a], 1, 1));
    row.arms.back().energy = scaled(study.arms[a].j_per_response.these, kPerItems, "1000 items");
  }
  return row;
}

const test::PlantedWorld kWorld = {.arms = {{"rules", {0.9}, {1}}, {"forest", {1}, {3}}, {"model", {0.95}, {300}}},
                                   .prompts = 200,
                                   .rounds = 2,
                                   .scatter = 0.05,
                                   .exact = true};
const std::vector<ArmRole> kRoles = {ArmRole::special, ArmRole::special, ArmRole::general};

TEST(TaskEnough, EachArmIsJudgedOnItsOwnItems) {
  const StudyResult study = test::planted_in_part(kWorld, 3, {200, 200, 20});
  TaskResult row = row_of(study, kRoles);
  fill_enough(row, study, "correct>=0.8", kSure, 1);
  ASSERT_TRUE(row.enough && !row.enough->absent);
  EXPECT_EQ(row.enough->require, "correct >= 80 %");
  EXPECT_EQ(row.enough->cheapest, "rules");
  EXPECT_EQ(row.enough->sure, "rules");  // of 200; of the model's 20 nobody could be as sure
  EXPECT_GT(*row.arms[0].confidence, 0.95);
  EXPECT_TRUE(*row.arms[0].meets);
  EXPECT_THAT(row.enough->sentence, HasSubstr("of 200, confidence"));
  EXPECT_EQ(row.enough->rule, "rules");
  EXPECT_TRUE(row.enough->sufficient);
  EXPECT_GT(row.enough->stable, 0.9);
  EXPECT_EQ(row.enough->general, "model");
  EXPECT_NEAR(*row.enough->to_general.value, 1.0 / 300, 0.0004);
  EXPECT_NEAR(row.enough->joules, 1, 0.05);
  EXPECT_NEAR(*row.enough->cross_joules, 1, 0.2);
}

TEST(TaskEnough, NoneMeetsItAndTheBestIsTheRule) {
  test::PlantedWorld world = kWorld;
  for (auto& arm : world.arms) arm.share[0] *= 0.5;
  world.exact = false;
  const StudyResult study = test::planted_in_part(world, 3, {200, 200, 20});
  TaskResult row = row_of(study, kRoles);
  fill_enough(row, study, "correct>=0.85", kSure, 1);
  EXPECT_EQ(row.enough->cheapest, "");
  EXPECT_EQ(row.enough->rule, "forest");  // the best of 200; of the model's 20 nobody knows
  EXPECT_FALSE(row.enough->sufficient);
  EXPECT_THAT(row.enough->sentence, HasSubstr("No arm meets"));
}

// An arm that is right as often as it was asked, but was asked twice, is not taken for one that was asked
// often enough, however cheap it is.
TEST(TaskEnough, FewItemsAreNotEnoughToSay) {
  const test::PlantedWorld world = {.arms = {{"lucky", {1}, {1}}, {"forest", {0.93}, {3}}, {"model", {0.7}, {300}}},
                                    .prompts = 200,
                                    .rounds = 1,
                                    .scatter = 0.05,
                                    .exact = true};
  const StudyResult study = test::planted_in_part(world, 3, {2, 200, 4});
  const auto ruled = [&](const char* require, double sure) {
    TaskResult row = row_of(study, kRoles);
    fill_enough(row, study, require, sure, 1);
    return *row.enough;
  };
  const TaskEnough enough = ruled("correct>=0.85", kSure);
  EXPECT_EQ(enough.cheapest, "lucky");  // by its value
  EXPECT_EQ(enough.rule, "forest");
  EXPECT_TRUE(enough.sufficient);
  EXPECT_GT(*enough.confidence, kSure);
  EXPECT_EQ(enough.least, kSure);
  EXPECT_GT(enough.stable, 0.9);
  // Beside the limit nobody is sure: the surest, and it is said that it is not enough.
  const TaskEnough beside = ruled("correct>=0.92", kSure);
  EXPECT_EQ(beside.rule, "forest");
  EXPECT_FALSE(beside.sufficient);
  EXPECT_LT(*beside.confidence, kSure);
  // Whoever asks for no confidence gets what its value says.
  EXPECT_EQ(ruled("correct>=0.85", 0).rule, "lucky");
}

TEST(TaskEnough, RandomWeightsAreNotJudgedButHeldAgainst) {
  const StudyResult study = test::planted_in_part(kWorld, 3, {200, 200, 20});
  TaskResult row = row_of(study, kRoles);
  row.arms[2].arm.cost_only = "random weights";
  fill_enough(row, study, "correct>=0.95", kSure, 1);
  EXPECT_EQ(row.enough->cheapest, "forest");
  EXPECT_EQ(row.enough->general, "model");
  EXPECT_FALSE(row.arms[2].meets.has_value());
  fill_enough(row, study, "wer<=0.1", kSure, 1);
  ASSERT_TRUE(row.enough->absent);
  EXPECT_EQ(row.enough->absent->code, "sizing.ungraded");
}

TasksResult two_tasks() {
  TasksResult out = fakes::sample_tasks();
  out.tasks[1] = out.tasks[0];
  out.tasks[1].name = "speech";
  out.tasks[1].enough->to_general = fakes::sample_figure(0.5, 0.4, 0.6, "1");
  return out;
}

TEST(TasksDay, IsTheSumOverTasksByTheirCounts) {
  const TasksResult tasks = two_tasks();
  const auto day = day_of(tasks, Day{{"digits", 3000}, {"speech", 1000}});
  ASSERT_TRUE(day) << day.error().message;
  EXPECT_DOUBLE_EQ(*day->route.value, 4 * 450.0);
  EXPECT_DOUBLE_EQ(*day->general.value, 4 * 14'000.0);
  EXPECT_NEAR(*day->ratio.value, 0.75 * 0.032 + 0.25 * 0.5, 1e-12);
  EXPECT_NEAR(day->ratio.own.lo, 0.75 * 0.029 + 0.25 * 0.4, 1e-12);
  EXPECT_NEAR(day->ratio.own.hi, 0.75 * 0.036 + 0.25 * 0.6, 1e-12);
  EXPECT_NEAR(day->optimism, 0.9 - 1, 1e-12);
  EXPECT_EQ(day->ratio.per, "");
  EXPECT_THAT(sentence_of(*day), HasSubstr("takes 6.71 [5.65, 8.21] times the joules"));
}

TEST(TasksDay, NamesWhatIsLeftOutAndRefusesWhatIsNotThere) {
  const TasksResult tasks = fakes::sample_tasks();  // speech did not run
  const auto day = day_of(tasks, std::nullopt);
  ASSERT_TRUE(day);
  ASSERT_EQ(day->left_out.size(), 1U);
  EXPECT_EQ(day->left_out[0].first, "speech");
  EXPECT_EQ(day->left_out[0].second.code, "task.needs");
  const auto unknown = day_of(tasks, Day{{"digit", 3}});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, "route.kind");
  EXPECT_THAT(unknown.error().cure, HasSubstr("digits"));
  for (const Day& empty : {Day{}, Day{{"speech", 5}}, Day{{"digits", 0}}}) {
    EXPECT_EQ(day_of(tasks, empty).error().code, "route.empty_day");
  }
}

// However the day is mixed, its ratio lies between those of its tasks.
RC_GTEST_PROP(TasksDay, ItsRatioLiesBetweenThoseOfItsTasks, ()) {
  const double a = *rc::gen::inRange(0, 1'000'000);
  const double b = *rc::gen::inRange(1, 1'000'000);
  const auto day = day_of(two_tasks(), Day{{"digits", a}, {"speech", b}});
  RC_ASSERT(day.has_value());
  RC_ASSERT(*day->ratio.value >= 0.032 - 1e-12);
  RC_ASSERT(*day->ratio.value <= 0.5 + 1e-12);
  RC_ASSERT(day->ratio.own.lo <= *day->ratio.value && *day->ratio.value <= day->ratio.own.hi);
}

}  // namespace
}  // namespace joulebook
