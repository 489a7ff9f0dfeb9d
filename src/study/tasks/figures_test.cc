// Tasks as JSON and as a table, samples, shares, and the 2023 study's kinds.
#include "study/tasks/figures.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "fakes/closed_schema.h"
#include "fakes/golden.h"
#include "fakes/sample_tasks.h"
#include "report/tasks_table.h"
#include "study/proportion.h"
#include "study/sample.h"

namespace joulebook {
namespace {

TEST(Tasks, TheirJsonObeysItsClosedSchema) {
  const fakes::Schema schema("tasks.schema.json");
  fakes::expect_no_open_object(schema.raw(), "");
  TasksResult small = fakes::sample_tasks();  // hundreds of validations; all kinds of object stay
  small.tasks.resize(1);
  small.tasks[0].arms.erase(small.tasks[0].arms.begin() + 1, small.tasks[0].arms.begin() + 3);
  fakes::expect_closed(schema, fakes::Doc::parse(to_json(small).dump()));
}

TEST(Tasks, TheirTable) {
  const Json document = to_json(fakes::sample_tasks());
  for (const int width : {100, 70}) {
    fakes::expect_golden(std::string(JOULEBOOK_GOLDEN_DIR) + "/tasks-" + std::to_string(width) +
                             ".txt",
                         tasks_table(document, {width, false}));
  }
}

// Image classification: the raw runs' mean is 0.0072 kWh a thousand; one GPU is a seventh of it.
TEST(Tasks, The2023StudyWithItsErrorsOnAndOff) {
  const auto kind = published_kind("image_classification");
  ASSERT_TRUE(kind) << kind.error().message;
  EXPECT_EQ(kind->rows, 48);
  EXPECT_EQ(kind->as_published.tier, Tier::published);
  EXPECT_GT(*kind->as_published.value, 0.004 * 3.6e6);
  EXPECT_LT(*kind->as_published.value, 0.011 * 3.6e6);
  EXPECT_LT(*kind->corrected.value, *kind->as_published.value / 3);
  EXPECT_LT(kind->as_published.own.lo, *kind->as_published.value);
  EXPECT_GT(kind->as_published.own.hi, *kind->as_published.value);
  EXPECT_FALSE(published_kind("no_such_kind"));
  EXPECT_EQ(published_kind("x', task = 'y").error().code, "task.published");
}

// A tabulated case: 8 of 10 at 95 % is [0.490, 0.943] (Newcombe, Statist. Med. 17, 1998).
TEST(Wilson, ByHand) {
  const Interval i = wilson(8, 10, 0.95);
  EXPECT_NEAR(i.lo, 0.4902, 1e-3);
  EXPECT_NEAR(i.hi, 0.9433, 1e-3);
  EXPECT_EQ(wilson(0, 10, 0.95).lo, 0);
  EXPECT_NEAR(wilson(0, 10, 0.95).hi, 0.2775, 1e-3);
  EXPECT_EQ(wilson(10, 10, 0.95).hi, 1);
  EXPECT_EQ(wilson(0, 0, 0.95), (Interval{0, 1}));
}

RC_GTEST_PROP(Sample, AnyBeginningHoldsEachKindByItsShare, ()) {
  const auto sizes = *rc::gen::container<std::vector<int>>(3, rc::gen::inRange(1, 40));
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  std::vector<Prompt> prompts;
  for (std::size_t k = 0; k < sizes.size(); ++k) {
    for (int i = 0; i < sizes[k]; ++i) {
      prompts.push_back({std::to_string(prompts.size()), std::string(1, static_cast<char>('a' + k)),
                         "x", {}});
    }
  }
  const auto drawn = stratified(prompts, seed);
  RC_ASSERT(drawn.size() == prompts.size());
  const auto total = static_cast<double>(prompts.size());
  std::vector<double> seen(sizes.size(), 0);
  std::set<std::string> ids;
  for (std::size_t n = 0; n < drawn.size(); ++n) {
    seen[static_cast<std::size_t>(drawn[n].kind[0] - 'a')] += 1;
    RC_ASSERT(ids.insert(drawn[n].id).second);
    for (std::size_t k = 0; k < sizes.size(); ++k) {
      RC_ASSERT(std::abs(seen[k] - sizes[k] * static_cast<double>(n + 1) / total) <= 2);
    }
  }
}

}  // namespace
}  // namespace joulebook
