// Tasks as JSON and as a table, samples, shares, and the 2023 study's kinds.
#include "study/tasks/figures.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <numeric>
#include <set>

#include "fakes/closed_schema.h"
#include "fakes/golden.h"
#include "fakes/sample_tasks.h"
#include "report/tasks_table.h"
#include "study/proportion.h"
#include "study/sample.h"
#include "study/tasks/run_tasks.h"
#include "study/tasks/scale.h"

namespace joulebook {
namespace {

TEST(Tasks, TheirJsonObeysItsClosedSchema) {
  const fakes::Schema schema("tasks.schema.json");
  fakes::expect_no_open_object(schema.raw(), "");
  TasksResult small = fakes::sample_tasks();  // hundreds of validations; all kinds of object stay
  small.tasks.resize(1);
  small.tasks[0].arms[0].scaled = small.tasks[0].arms[2].scaled;
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

// Who uses exactly what it has leaves the others exactly their shares; who uses less leaves them more.
RC_GTEST_PROP(Tasks, TimeIsDividedByShares, ()) {
  const auto weights = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 100)));
  const std::vector<double> shares(weights.begin(), weights.end());
  const double all = std::accumulate(shares.begin(), shares.end(), 0.0);
  double left = 100;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const double mine = time_of(left, shares, i);
    RC_ASSERT(std::abs(mine - 100 * shares[i] / all) < 1e-9);
    RC_ASSERT(time_of(left + 1, shares, i) > mine);
    left -= mine;
  }
  RC_ASSERT(std::abs(left) < 1e-9);
}

const TaskScale kScale{"stable-diffusion-v1-5", {128, 128, 1}, {512, 512, 50}, "A100"};

// By hand, in GMAC: two passes a step of 339 at 512 x 512 (diffusers' profile of 1.4, which leaves attention
// out) and of attention 62 (4 c n^2 / 2 in five layers each of 320 x 4096, 640 x 1024, 1280 x 256); 1,240 in the
// decoder, 9.2 in the text encoder. At 128 x 128 a sixteenth, and of attention a sixteenth of that.
TEST(Scale, AFullPictureIsTheWorkOfManySmallOnes) {
  const double full = 2 * (50 * (339 + 62.0) + 9.2) + 1240;
  const double small = 2 * (339 / 16.0 + 62 / 256.0 + 9.2) + 1240 / 16.0;
  const auto work = work_ratio(kScale);
  ASSERT_TRUE(work) << work.error().message;
  EXPECT_NEAR(*work, full / small, 0.05 * full / small);
  TaskScale same = kScale;
  same.full = same.ran;
  EXPECT_DOUBLE_EQ(*work_ratio(same), 1);
}

TEST(Scale, IsModelledWithItsErrorInside) {
  Quantity energy = fakes::sample_figure(2000, 1500, 2500, "J", "1000 items");
  energy.tier = Tier::measured;
  const auto scaled = scale_up(kScale, energy);
  ASSERT_TRUE(scaled) << scaled.error().message;
  EXPECT_EQ(scaled->here.tier, Tier::modelled);
  EXPECT_DOUBLE_EQ(*scaled->here.value, 2000 * scaled->work);
  EXPECT_LT(scaled->here.interval().lo, 1420 * scaled->work);
  EXPECT_GT(scaled->here.interval().hi, 2500 * scaled->work * 1.2);
  EXPECT_EQ(scaled->there.tier, Tier::modelled);
  EXPECT_EQ(scaled->there.boundary, "gpu");
  EXPECT_GT(*scaled->there.value, 1000 * 100);    // an image is hundreds of joules on an A100
  EXPECT_LT(*scaled->there.value, 1000 * 10'000);
}

TEST(Scale, WithoutAReadingTheGpuIsSaidAllTheSame) {
  const auto scaled = scale_up(kScale, Quantity::absent("J", {"task.needs", "not installed", "install it"}));
  ASSERT_TRUE(scaled);
  EXPECT_FALSE(scaled->here.present());
  EXPECT_EQ(scaled->here.reason->code, "task.needs");
  EXPECT_TRUE(scaled->there.present());
  TaskScale unknown = kScale;
  unknown.image = "nothing like it";
  EXPECT_EQ(scale_up(unknown, Quantity::exact(1, "J")).error().code, "diffusion.shape");
  unknown = kScale;
  unknown.gpu = "abacus";
  EXPECT_EQ(scale_up(unknown, Quantity::exact(1, "J")).error().code, "hardware.unknown");
}

// More pixels or steps are never less work.
RC_GTEST_PROP(Scale, MorePixelsOrStepsAreMoreWork, ()) {
  TaskScale scale = kScale;
  const int side = *rc::gen::inRange(2, 12) * 64, steps = *rc::gen::inRange(1, 60);
  scale.ran = {static_cast<double>(side), static_cast<double>(side), static_cast<double>(steps)};
  scale.full = scale.ran;
  scale.full.width += 64 * *rc::gen::inRange(0, 8);
  scale.full.steps += *rc::gen::inRange(0, 20);
  RC_ASSERT(*work_ratio(scale) >= 1);
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
