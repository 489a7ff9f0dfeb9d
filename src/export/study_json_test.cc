#include "export/study_json.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

#include "fakes/sample_study.h"

namespace joulebook {
namespace {

Json reread(const Json& json) { return parse_json(json.dump(2)).value(); }

TEST(StudyJson, SampleSurvivesTheFileToTheLastBit) {
  const StudyResult study = fakes::sample_study();
  const Json json = to_json(study);
  const auto back = study_from_json(reread(json));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(to_json(*back), json);
  ASSERT_EQ(back->trials.size(), study.trials.size());
  for (std::size_t i = 0; i < study.trials.size(); ++i) {
    EXPECT_EQ(back->trials[i].energy, study.trials[i].energy) << i;
    EXPECT_EQ(back->trials[i].begin, study.trials[i].begin) << i;
    EXPECT_EQ(back->trials[i].correct, study.trials[i].correct) << i;
    EXPECT_EQ(back->trials[i].error, study.trials[i].error) << i;
    EXPECT_EQ(back->trials[i].phases.size(), study.trials[i].phases.size()) << i;
  }
  EXPECT_EQ(back->arms[1].phase_energy, study.arms[1].phase_energy);
  EXPECT_EQ(back->arms[1].j_per_correct.these, study.arms[1].j_per_correct.these);
  EXPECT_EQ(back->arms[1].j_per_correct.alike, study.arms[1].j_per_correct.alike);
  EXPECT_EQ(back->start, study.start);
  EXPECT_EQ(back->trace.size(), study.trace.size());
  EXPECT_EQ(back->trace[7].power.value(), study.trace[7].power.value());
  EXPECT_TRUE(std::isinf(back->looks[0].half_width));
  EXPECT_EQ(back->whole.domains[0].settled, study.whole.domains[0].settled);
  EXPECT_EQ(back->comparisons[0].kinds[0].j_per_extra_correct,
            study.comparisons[0].kinds[0].j_per_extra_correct);
  EXPECT_FALSE(back->comparisons[0].kinds[0].split.energy.alike);
}

RC_GTEST_PROP(StudyJson, AnyTrialReadsBackAsItWas, ()) {
  const StudyResult study = fakes::sample_study();
  TrialRecord t = study.trials[*rc::gen::inRange<std::size_t>(0, study.trials.size())];
  t.ordinal = *rc::gen::arbitrary<std::int64_t>();
  t.seed = *rc::gen::arbitrary<std::uint32_t>();
  t.begin.ns = *rc::gen::arbitrary<std::int64_t>();
  t.end = t.begin;
  t.words = *rc::gen::arbitrary<std::int64_t>();
  t.cpu_seconds =
      *rc::gen::suchThat(rc::gen::arbitrary<double>(), [](double x) { return std::isfinite(x); });
  t.correct = *rc::gen::arbitrary<bool>();
  t.finish = *rc::gen::element(Finish::stop, Finish::length, Finish::cancelled);
  const Json json = to_json(t);
  const auto back = trial_from_json(reread(json));
  RC_ASSERT(back.has_value());
  RC_ASSERT(back->ordinal == t.ordinal);
  RC_ASSERT(back->seed == t.seed);
  RC_ASSERT(back->begin == t.begin);
  RC_ASSERT(back->cpu_seconds == t.cpu_seconds);
  RC_ASSERT(to_json(*back) == json);
}

TEST(StudyJson, SeedsAboveSixtyThreeBitsStayExact) {
  StudySpec spec = fakes::sample_study().spec;
  spec.seed = std::numeric_limits<std::uint64_t>::max() - 1;
  const auto back = study_spec_from_json(reread(to_json(spec)));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->seed, spec.seed);
}

TEST(StudyJson, FailureNamesThePlace) {
  Json json = to_json(fakes::sample_study());
  Json trials = json["trials"];
  Json::Array items = trials.items();
  items[3].set("arm", "first");
  json.set("trials", items);
  const auto back = study_from_json(json);
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code, "study.malformed");
  EXPECT_NE(back.error().message.find("/trials/3/arm"), std::string::npos) << back.error().message;
}

TEST(StudyJson, IndexOutOfRangeIsRefused) {
  StudyResult study = fakes::sample_study();
  study.trials[0].prompt = 99;
  EXPECT_EQ(study_from_json(to_json(study)).error().code, "study.malformed");
  study = fakes::sample_study();
  study.comparisons[0].b = 2;
  EXPECT_EQ(study_from_json(to_json(study)).error().code, "study.malformed");
}

TEST(StudyJson, OtherFormatsAreToldApart) {
  EXPECT_EQ(study_from_json(Json(3)).error().code, "study.version");
  Json json = to_json(fakes::sample_study());
  json.set("schema", "joulebook.study/2");
  const auto back = study_from_json(json);
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code, "study.version");
  EXPECT_NE(back.error().message.find("joulebook.study/2"), std::string::npos);
}

TEST(StudyJson, AnyMemberOfAnotherTypeIsRefusedOrReadsTheSame) {
  const Json whole = to_json(fakes::sample_study());
  for (const auto& [name, value] : whole.members()) {
    if (name == "machine") continue;  // free facts
    Json json = whole;
    json.set(name, value.is_array() ? Json("a list") : Json(Json::Array{}));
    EXPECT_FALSE(study_from_json(json)) << name;
    json.erase(name);
    EXPECT_FALSE(study_from_json(json)) << name;
  }
}

}  // namespace
}  // namespace joulebook
