#include "account/claim/claim.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "account/claim/range.h"

namespace joulebook::account {
namespace {

using testing::HasSubstr;

constexpr std::string_view kPlain = R"([claim]
id = "x"
value = "10 kWh/day"
boundary = "server"
[inputs]
requests = "1000 requests/day"
each = "10 Wh/request"
[recipe]
value = "requests * each"
)";

Claim made(std::string_view recipe, std::vector<std::pair<std::string, std::string>> inputs, std::string_view value = "1 J") {
  Claim claim;
  claim.value = *Measure::parse(value);
  claim.file = "x.toml";
  for (const auto& [name, text] : inputs) {
    auto in = claim_input(name, text);
    EXPECT_TRUE(in) << name << ": " << (in ? "" : in.error().message);
    if (in) claim.inputs.push_back(*in);
  }
  claim.recipe.push_back({"value", std::string(recipe), 1});
  return claim;
}

Computed computed(std::string_view recipe, std::vector<std::pair<std::string, std::string>> inputs = {}) {
  auto c = compute(made(recipe, std::move(inputs)));
  EXPECT_TRUE(c) << recipe << ": " << (c ? "" : c.error().message + " | " + c.error().cure);
  return c.value_or(Computed{});
}

std::string error_of(std::string_view recipe, std::vector<std::pair<std::string, std::string>> inputs = {}) {
  const auto c = compute(made(recipe, std::move(inputs)));
  return c ? "none" : c.error().code + ": " + c.error().message + " | " + c.error().cure;
}

TEST(Claim, IsReadAndRecomputed) {
  const auto claim = parse_claim(kPlain, "x.toml");
  ASSERT_TRUE(claim) << claim.error().message;
  const auto c = compute(*claim);
  ASSERT_TRUE(c);
  EXPECT_NEAR(c->best.value, claim->value.value, 1e-9);
  EXPECT_EQ(c->lo, c->hi);
  EXPECT_EQ(c->best.dimension.text(), "J/s");
}

TEST(Claim, TheBoundaryItIsAServersAsInAccount) {
  const auto claim = parse_claim("[claim]\nvalue = \"1 J\"\nboundary = \"IT\"\n", "x.toml");
  ASSERT_TRUE(claim) << claim.error().message;
  EXPECT_EQ(claim->boundary, "server");
}

struct Bad {
  std::string_view toml, code, says;
};
TEST(Claim, ErrorsNameTheLineAndTheCure) {
  const Bad cases[] = {
      {"[claim]\nvalue = \"12.9 t\"\n", "unit.ambiguous", "x.toml:2"},
      {"[claim]\nid = \"x\"\n", "toml.value", "x.toml:1"},
      {"[claim]\nvalue = \"1 J\"\nboundry = \"gpu\"\n", "toml.unknown_key", "x.toml:3"},
      {"[claim]\nvalue = \"1 J\"\nboundary = \"GPUs\"\n", "claim.boundary", "x.toml:3"},
      {"[claim]\nvalue = \"1 J\"\n[inputs]\npue = \"0.5\"\n", "claim.input", "x.toml:4"},
      {"[claim]\nvalue = \"1 J\"\n[inputs]\nduration = \"5 J\"\n", "unit.mismatch", "x.toml:4"},
      {"[claim]\nvalue = \"1 J\"\n[inputs]\nbacth = \"5\"\n", "toml.value", "did you mean batch"},
      {"[claim]\nvalue = \"1 J\"\n[inputs]\nthroughput = \"5\"\n", "toml.value", "did you mean tokens_per_second"},
      {"[claim]\nvalue = \"1 J\"\n[inputs]\nbatch = { value = \"5\", assumed = \"\" }\n", "toml.value", "why"},
      {"[claim]\nvalue = \"1 J\"\n[recipe]\nvalu = \"5\"\n", "toml.value", "no value"},
      {"nothing = 1\n", "toml.unknown_key", "x.toml:1"},
      {"", "claim.missing", "x.toml"},
      {"[claim\n", "toml.syntax", "x.toml"},
      {"claim = 3\n", "toml.value", "no table"},
      {"[claim]\nvalue = \"1 J\"\n[inputs]\npower_kind = \"net\"\n", "claim.input", "gross"},
  };
  for (const Bad& c : cases) {
    const auto claim = parse_claim(c.toml, "x.toml");
    ASSERT_FALSE(claim) << c.toml;
    EXPECT_EQ(claim.error().code, c.code) << c.toml << claim.error().message;
    EXPECT_THAT(claim.error().message + claim.error().cure, HasSubstr(std::string(c.says))) << c.toml;
    EXPECT_FALSE(claim.error().cure.empty()) << c.toml;
  }
}

TEST(Claim, ComesBackFromItsOwnFile) {
  const auto claim = parse_claim("[claim]\nvalue=\"3-4 J/token\"\ntext='a \"quoted\" \\ text'\n[inputs]\nbatch={value=\"2\",assumed=\"so\"}\ngpu=\"H100\"\n[recipe]\nvalue=\"2*batch\"\n", "x.toml");
  ASSERT_TRUE(claim) << claim.error().message;
  const auto again = parse_claim(to_toml(*claim), "x.toml");
  ASSERT_TRUE(again) << again.error().message << to_toml(*claim);
  EXPECT_EQ(again->text, claim->text);
  EXPECT_EQ(again->value.hi, 4);
  EXPECT_EQ(again->input("batch")->assumed, "so");
  EXPECT_EQ(again->recipe[0].expression, "2*batch");
}

TEST(Recipe, ReckonsAsWritten) {
  EXPECT_EQ(computed("2 + 3 * 4").best.value, 14);
  EXPECT_EQ(computed("(2 + 3) * 4").best.value, 20);
  EXPECT_EQ(computed("2 ^ 3 ^ 2").best.value, 512);
  EXPECT_EQ(computed("-2 ^ 2").best.value, -4);
  EXPECT_EQ(computed("10 - 2 - 3").best.value, 5);
  EXPECT_EQ(computed("8 / 4 / 2").best.value, 1);
  EXPECT_EQ(computed("max(2, min(5, 3)) * 1e2").best.value, 300);
  EXPECT_EQ(computed("sqrt(9)").best.value, 3);
}

TEST(Recipe, UnitsAreChecked) {
  EXPECT_EQ(computed("a * b", {{"a", "2 kW"}, {"b", "3 h"}}).best.dimension.text(), "J");
  EXPECT_NEAR(computed("a * b", {{"a", "2 kW"}, {"b", "3 h"}}).best.value, 6 * 3.6e6, 1e-6);
  EXPECT_EQ(computed("a ^ 2 / a", {{"a", "2 J"}}).best.dimension.text(), "J");
  EXPECT_THAT(error_of("a + b", {{"a", "1 Wh"}, {"b", "1 W"}}), HasSubstr("power"));
  EXPECT_THAT(error_of("a + 1", {{"a", "1 Wh"}}), HasSubstr("recipe.dimension"));
  EXPECT_THAT(error_of("2 ^ a", {{"a", "1 Wh"}}), HasSubstr("recipe.dimension"));
  EXPECT_THAT(error_of("a ^ 0.5", {{"a", "1 Wh"}}), HasSubstr("recipe.dimension"));
}

TEST(Recipe, ErrorsSayWhereAndWhat) {
  EXPECT_THAT(error_of("2 +"), HasSubstr("column 4"));
  EXPECT_THAT(error_of("2 3"), HasSubstr("column 3"));
  EXPECT_THAT(error_of("(2"), HasSubstr("')'"));
  EXPECT_THAT(error_of("1 / 0"), HasSubstr("recipe.number"));
  EXPECT_THAT(error_of("energie", {{"energy", "1 J"}}), HasSubstr("did you mean energy"));
  EXPECT_THAT(error_of("energy"), HasSubstr("recipe.missing"));
  EXPECT_THAT(error_of("predicted_j_per_tokens()"), HasSubstr("did you mean predicted_j_per_token"));
  EXPECT_THAT(error_of("predicted_j_per_token(bacth = 3)"), HasSubstr("takes no argument 'bacth'"));
  EXPECT_THAT(error_of("value"), HasSubstr("recipe.circle"));
  EXPECT_THAT(error_of("'text' + 1"), HasSubstr("no amount"));
  EXPECT_THAT(error_of(std::string(200, '(') + "1"), HasSubstr("recipe.deep"));
  EXPECT_THAT(error_of("published('ml_energy', 'j', 'mean')"), HasSubstr("j_per_request"));
  EXPECT_THAT(error_of("published('ml_energy', 'j_per_request', 'one', gpu = 'H100')"), HasSubstr("one was wanted"));
  EXPECT_THAT(error_of("published('ml_energy', 'j_per_request', 'mean', gpu = 'H900')"), HasSubstr("no row"));
  EXPECT_THAT(error_of("grid('Atlantis')"), HasSubstr("grid.unknown"));
}

TEST(Recipe, FunctionsCallWhatTheRestOfJoulebookUses) {
  EXPECT_NEAR(computed("published('ml_energy', 'j_per_request', 'one', source = 'v2', model = '*Llama-3.1-70B*', gpu = '*A100*', num_gpus = 8, max_num_seqs = 192)").best.value, 512.844, 0.01);
  EXPECT_EQ(computed("tdp('H100')").best.value, 700);
  EXPECT_EQ(computed("bandwidth()", {{"gpu", "H100"}}).best.value, 3.35e12);
  EXPECT_NEAR(computed("peak_flops('H100', 'fp8')").best.value, 1.979e15, 1e12);
  EXPECT_NEAR(computed("parameters('Llama-3.1-8B')").best.value, 8.03e9, 1e7);
  EXPECT_NEAR(computed("training_flops()", {{"active_parameters", "175B parameters"}, {"training_tokens", "300 billion tokens"}}).best.value, 3.15e23, 1e21);
  EXPECT_NEAR(computed("pue('Google Cloud')").best.value, 1.09, 1e-9);
  EXPECT_GT(computed("grid('DE')").best.value, 0);
  const Computed charge = computed("equivalent('Smartphone charge')");
  EXPECT_NEAR(charge.lo, 0.012 * 3.6e6, 1e-6);
  EXPECT_NEAR(charge.hi, 0.019 * 3.6e6, 1e-6);
}

TEST(Recipe, WithoutABatchTheRangeIsThatOfAllBatches) {
  const std::vector<std::pair<std::string, std::string>> known{{"model", "Llama-3.1-8B"}, {"gpu", "H100"}, {"gpus", "1"}, {"weights", "bfloat16"}, {"input_tokens", "150 tokens"}, {"output_tokens", "400 tokens"}};
  const Computed any = computed("predicted_j_per_token()", known);
  EXPECT_TRUE(any.trace.missing.contains("batch"));
  EXPECT_EQ(any.contributions.front().input, "batch");
  for (const int batch : {1, 8, 64, 200}) {
    const Computed one = computed(fmt::format("predicted_j_per_token(batch = {})", batch), known);
    EXPECT_FALSE(one.trace.missing.contains("batch"));
    EXPECT_GE(one.best.value, any.lo) << batch;
    EXPECT_LE(one.best.value, any.hi) << batch;
  }
}

TEST(Recipe, WhatHasOneNameCancelsInARatio) {
  const Computed c = computed("predicted_j_per_token(model = 'DeepSeek-R1-Distill-Llama-70B', batch = 1) / predicted_j_per_token(model = 'Llama-3.3-70B', batch = 1)",
                              {{"gpu", "H100"}, {"gpus", "1"}, {"output_tokens", "1000 tokens"}});
  EXPECT_NEAR(c.lo, 1, 1e-9);
  EXPECT_NEAR(c.hi, 1, 1e-9);
  const Computed twice = computed("a / a", {{"a", "3-9 J"}});
  EXPECT_EQ(twice.lo, 1);
  EXPECT_EQ(twice.hi, 1);
}

// Ranges of products are those of their ends; a point inside lies inside.
RC_GTEST_PROP(Recipe, TheRangeHoldsEveryPoint, ()) {
  const auto some = [](const char* what) { return *rc::gen::inRange(1, 1000).as(what) / 10.0; };
  const double a = some("a"), b = a + some("b"), c = some("c"), d = c + some("d");
  const Computed r = computed("x * y + x / y", {{"x", fmt::format("{}-{} ratio", a, b)}, {"y", fmt::format("{}-{} ratio", c, d)}});
  for (const double x : {a, (a + b) / 2, b}) {
    for (const double y : {c, (c + d) / 2, d}) {
      const double v = x * y + x / y;
      RC_ASSERT(v <= r.hi * (1 + 1e-9));
      RC_ASSERT(v >= r.lo * (1 - 0.005));  // a least inside the range is no corner: found by steps
    }
  }
}

RC_GTEST_PROP(Recipe, AnyTextIsAnsweredOrRefused, (const std::string& text)) {
  const auto c = compute(made(text, {{"a", "2 J"}}));
  RC_ASSERT(c.has_value() || !c.error().code.empty());
}

TEST(Claim, BoundariesHaveOtherNames) {
  const auto boundary = [](const std::string& word) {
    const auto claim = parse_claim("[claim]\nvalue = \"1 J\"\nboundary = \"" + word + "\"\n", "a.toml");
    return claim ? claim->boundary : claim.error().cure;
  };
  EXPECT_EQ(boundary("GPU only"), "gpu");
  EXPECT_EQ(boundary("Data center"), "facility");
  EXPECT_EQ(boundary("full-stack"), "full stack");
  EXPECT_EQ(boundary("IT"), "server");
  EXPECT_EQ(boundary("unknown"), "not stated");
  EXPECT_THAT(boundary("the cloud"), testing::HasSubstr("facility"));
}

TEST(Claim, WhatIsNoNumberIsToldFromWhatIsNotThere) {
  for (const char* value : {"nan", "inf", "-inf"}) {
    EXPECT_THAT(parse_claim(std::string("[claim]\nvalue = ") + value + "\n", "a.toml").error().message, testing::HasSubstr("a.toml:2")) << value;
    EXPECT_THAT(parse_claim(std::string("[claim]\nvalue = ") + value + "\n", "a.toml").error().message, testing::HasSubstr("no finite number")) << value;
  }
}

TEST(Claim, ADayIsOneHoweverItIsWritten) {
  const auto read = [](const std::string& when) { return parse_claim("[claim]\nvalue = \"1 J\"\nwhen = \"" + when + "\"\n", "a.toml"); };
  for (const char* none : {"2026-02-31", "31 February 2026", "Feb 31, 2026", "31.02.2026", "31.2.2026", "12.13.2026"}) {
    const auto claim = read(none);
    ASSERT_FALSE(claim) << none;
    EXPECT_THAT(claim.error().message, testing::HasSubstr("a.toml:3: claim.when")) << none;
  }
  EXPECT_THAT(read("31 February 2026").error().message, testing::HasSubstr("February 2026 has 28 days"));
  for (const char* day : {"2026-02-28", "28 February 2026", "Feb 28, 2026", "28.02.2026", "2026", "February 2026", "early in 2026", "maybe 5 2026", "May 5, 2026", "Q1 2026", ""}) {
    EXPECT_TRUE(read(day)) << day << (read(day) ? "" : read(day).error().message);
    if (read(day)) EXPECT_EQ(read(day)->when, day);
  }
}

}  // namespace
}  // namespace joulebook::account
