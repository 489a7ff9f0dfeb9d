#include "study/versus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "study/rng.h"
#include "study/student.h"

namespace joulebook {
namespace {

using testing::HasSubstr;

Quantity joules(double value, const std::string& boundary = "package") {
  Quantity q = Quantity::exact(value, "J");
  q.boundary = boundary;
  q.shared = {{"gain", 0.9, 1.1}, {"instruction_mix", 0.8, 1.25}};
  return q;
}

VersusSide side(const std::string& name, std::initializer_list<double> energies) {
  VersusSide out{.name = name, .code = name, .machine = "m"};
  for (const double e : energies) out.runs.push_back({joules(e), e / 10});
  out.count = static_cast<std::int64_t>(out.runs.size());
  return out;
}

Versus of(VersusSide a, VersusSide b, std::optional<double> limit = {}) {
  auto out = versus(std::move(a), std::move(b), {.max_increase = limit}, "run");
  EXPECT_TRUE(out) << out.error().message;
  return out ? *out : Versus{};
}

TEST(Versus, TheRatioIsOfMeansWithWelchsInterval) {
  auto a = side("a", {10, 11, 9, 10});
  auto b = side("a", {20, 22, 18, 20, 20});  // the same code: the mix cancels
  const Versus v = of(a, b);
  EXPECT_DOUBLE_EQ(*v.ratio.value, 2);
  EXPECT_DOUBLE_EQ(v.seconds_a, 1);
  // By hand: s2 of a 2/3, of b 2; both over n and over the squared mean.
  const double va = 2.0 / 3 / 4 / 100;
  const double vb = 2.0 / 5 / 400;
  const double df = std::pow(va + vb, 2) / (va * va / 5 + vb * vb / 6) - 2;
  const double half = student_quantile(0.975, df) * std::sqrt(va + vb);
  EXPECT_NEAR(v.ratio.interval().hi, 2 * std::exp(half), 1e-9);
  EXPECT_NEAR(v.ratio.interval().lo, 2 / std::exp(half), 1e-9);
  EXPECT_EQ(v.ratio.unit, "1");
  EXPECT_EQ(v.against, Against::not_asked);
}

TEST(Versus, OtherCodeKeepsItsMixAndAnotherMachineAllItsErrors) {
  const auto width = [](const Versus& v) { return v.ratio.interval().width(); };
  const auto a = side("a", {10, 10, 10});
  auto b = side("a", {20, 20, 20});
  const double same = width(of(a, b));
  b.code = "b";
  const double other_code = width(of(a, b));
  b.machine = "n";
  const Versus other_machine = of(a, b);
  EXPECT_LT(same, 1e-9);
  EXPECT_GT(other_code, 0.5);
  EXPECT_GT(width(other_machine), other_code);
  EXPECT_THAT(other_machine.warnings.at(0), HasSubstr("machines differ"));
}

TEST(Versus, ALimitIsExceededOnlyByTheWholeInterval) {
  const auto a = side("a", {10, 10.1, 9.9, 10});
  auto b = side("a", {11, 11.1, 10.9, 11});
  EXPECT_EQ(of(a, b, 0.05).against, Against::above);
  EXPECT_EQ(of(a, b, 0.2).against, Against::within);
  EXPECT_EQ(of(a, b, 0.1).against, Against::undecided);
  EXPECT_THAT(of(a, b, 0.05).sentence, HasSubstr("above the limit of +5 %"));
}

TEST(Versus, OneRunSaysNothingOfTheNext) {
  const Versus v = of(side("a", {10}), side("a", {20}), 0.05);
  EXPECT_EQ(*v.ratio.value, 2);
  EXPECT_TRUE(std::isinf(v.ratio.interval().hi));
  EXPECT_EQ(v.against, Against::undecided);
  EXPECT_THAT(v.warnings.at(0), HasSubstr("-n 10"));
}

TEST(Versus, AnAbsenceStaysOneAndDecidesNothing) {
  auto b = side("b", {20, 20});
  b.runs[1].energy = Quantity::absent("J", {"sensor.reset", "a counter was reset", "again"});
  const Versus v = of(side("a", {10, 10}), b, 0.05);
  EXPECT_FALSE(v.ratio.present());
  EXPECT_EQ(v.against, Against::undecided);
  EXPECT_THAT(v.sentence, HasSubstr("sensor.reset"));
  EXPECT_TRUE(to_json(v)["ratio"]["value"].is_null());
}

TEST(Versus, DifferentBoundariesAreRefused) {
  auto b = side("b", {20});
  b.runs[0].energy.boundary = "node";
  EXPECT_EQ(versus(side("a", {10}), b, {}, "run").error().code, "compare.boundary");
}

// Pairs of sides whose true ratio is 1.2: the limit of 20 % must hardly ever be called exceeded.
TEST(Versus, FalseAlarmsAreAsRareAsTheLevelSays) {
  Rng rng(7);
  int alarms = 0;
  int covered = 0;
  constexpr int kTrials = 400;
  for (int i = 0; i < kTrials; ++i) {
    VersusSide a{.name = "a", .code = "c", .machine = "m"};
    VersusSide b = a;
    for (int k = 0; k < 10; ++k) {
      a.runs.push_back({joules(10 * rng.unit_lognormal(0.1)), 1});
      b.runs.push_back({joules(12 * rng.unit_lognormal(0.1)), 1});
    }
    const Versus v = of(a, b, 0.2);
    alarms += v.against == Against::above ? 1 : 0;
    covered += v.ratio.interval().contains(1.2) ? 1 : 0;
  }
  EXPECT_GE(covered, kTrials * 92 / 100);
  EXPECT_LE(covered, kTrials * 98 / 100);  // neither too narrow nor too wide
  EXPECT_LE(alarms, kTrials * 5 / 100);
}

Json run_document(std::initializer_list<double> energies) {
  Json repeats = Json::array();
  for (const double e : energies) {
    repeats.push(Json::object({{"total", to_json(joules(e))}, {"duration_s", 2.0}}));
  }
  return Json::object({{"schema", "joulebook.run/1"},
                       {"command", Json::array({"prog", "x"})},
                       {"repeats", repeats},
                       {"machine", Json::object({{"cpu", "c"}})}});
}

Json study_document(const std::string& arm, double energy) {
  const Json figure = Json::object({{"these", to_json(joules(energy))}});
  const Json item = Json::object({{"spec", Json::object({{"name", arm}})},
                                  {"j_per_response", figure},
                                  {"seconds", 1.5},
                                  {"trials", 8}});
  return Json::object({{"schema", "joulebook.study/1"}, {"arms", Json::array({item})}});
}

TEST(Versus, DocumentsOfOneKindAreRead) {
  const auto runs = versus_documents(run_document({10, 10}), run_document({15, 15}), {});
  ASSERT_TRUE(runs) << runs.error().message;
  EXPECT_DOUBLE_EQ(*runs->ratio.value, 1.5);
  EXPECT_EQ(runs->name_b, "prog (B)");
  const auto studies = versus_documents(study_document("x", 4), study_document("y", 6), {});
  ASSERT_TRUE(studies) << studies.error().message;
  EXPECT_DOUBLE_EQ(*studies->ratio.value, 1.5);
  EXPECT_EQ(studies->per, "response");
  EXPECT_EQ(studies->count_b, 8);

  const auto code = [](const Json& a, const Json& b, const VersusOptions& o = {}) {
    const auto v = versus_documents(a, b, o);
    EXPECT_TRUE(v || !v.error().cure.empty());
    return v ? std::string() : v.error().code;
  };
  EXPECT_EQ(code(run_document({1}), study_document("x", 1)), "compare.kind");
  EXPECT_EQ(code(Json(), Json()), "compare.kind");
  EXPECT_EQ(code(run_document({}), run_document({1})), "compare.no_runs");
  EXPECT_EQ(code(study_document("x", 1), study_document("x", 1), {.arm_b = "z"}), "compare.arm");
  EXPECT_EQ(code(study_document("x", 1), study_document("x", 1), {.per = "smile"}), "compare.per");
}

TEST(Versus, ALimitIsAShareOrAPercentage) {
  EXPECT_DOUBLE_EQ(*parse_increase("5%"), 0.05);
  EXPECT_DOUBLE_EQ(*parse_increase(" 0.05 "), 0.05);
  EXPECT_DOUBLE_EQ(*parse_increase("-10 %"), -0.1);
  for (const char* bad : {"", "%", "five", "-100%", "-2", "nan", "inf", "5%%", "5", "1"}) {
    EXPECT_EQ(parse_increase(bad).error().code, "compare.limit") << bad;
  }
  EXPECT_DOUBLE_EQ(*parse_increase("900%"), 9);
  EXPECT_EQ(parse_increase("5").error().cure, "did you mean 5%? A share is below 1");
}

}  // namespace
}  // namespace joulebook
