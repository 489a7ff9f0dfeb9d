// Changes: each alone and all together, what cannot be, the ranking.
#include "physics/explain/whatif.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/json.h"
#include "physics/explain/spec.h"

namespace joulebook::explain {
namespace {

const serving::ServingFit& fit() { return serving::built_in_fit(); }

WhatIf ask(std::string_view spec, std::initializer_list<std::string_view> changes) {
  std::vector<Change> parsed;
  for (const auto text : changes) parsed.push_back(*parse_change(text));
  const auto w = whatif(*parse_figure(spec), parsed, fit());
  EXPECT_TRUE(w) << (w ? "" : w.error().message);
  return w ? *w : WhatIf{};
}

double factor(const Changed& c) { return std::exp(c.explanation.log_ratio); }

constexpr std::string_view kChat = "Llama-3.1-70B,gpu=H100,gpus=4,batch=16,prompt=250,output=400";

TEST(WhatIf, EachAloneAndAllTogether) {
  const WhatIf w = ask(kChat, {"batch=64", "weights=fp8", "output=0.5x"});
  ASSERT_EQ(w.alone.size(), 3U);
  for (const Changed& c : w.alone) {
    EXPECT_FALSE(c.refused);
    EXPECT_LT(factor(c), 1) << c.text;
    EXPECT_LE(c.interval.lo, c.explanation.log_ratio + 1e-12);
    EXPECT_GE(c.interval.hi, c.explanation.log_ratio - 1e-12);
  }
  ASSERT_TRUE(w.together);
  for (const Changed& c : w.alone) EXPECT_LT(factor(*w.together), factor(c)) << c.text;
  // Half the answer is half the energy, but for the prompt.
  EXPECT_NEAR(factor(w.alone[2]), 0.5, 0.05);
  EXPECT_FALSE(w.alone[0].alters_answers);
  EXPECT_TRUE(w.alone[1].alters_answers);
}

TEST(WhatIf, WhatStandsThereIsScaled) {
  const WhatIf w = ask(std::string(kChat) + ",energy=1000J,tier=measured", {"output=0.5x"});
  EXPECT_EQ(w.before_j, 1000);
  const Json json = to_json(w);
  EXPECT_NEAR(json["changes"].at(0)["energy"]["value"].as_double(), 1000 * factor(w.alone[0]), 1e-6);
  EXPECT_EQ(json["before"]["tier"].as_string(), "measured");
  EXPECT_EQ(json["changes"].at(0)["energy"]["tier"].as_string(), "modelled");
}

TEST(WhatIf, WhatDoesNotFitIsAnAbsenceWithItsReason) {
  const WhatIf w = ask(kChat, {"batch=4096", "gpus=1"});
  for (const Changed& c : w.alone) {
    ASSERT_TRUE(c.refused) << c.text;
    EXPECT_EQ(c.refused->code, "memory.too_small");
  }
  EXPECT_TRUE(to_json(w)["changes"].at(0)["energy"]["value"].is_null());
  EXPECT_EQ(whatif(*parse_figure("Llama-3.1-405B"), {}, fit()).error().code, "memory.too_small");
}

TEST(WhatIf, ACapHasThePhysicsOfClocksForItsInterval) {
  const WhatIf w = ask("Llama-3.1-70B,gpus=4,batch=512,prompt=250,output=350", {"power-cap=70%"});
  ASSERT_FALSE(w.alone[0].refused) << w.alone[0].refused->message;
  EXPECT_LT(factor(w.alone[0]), 1);
  EXPECT_LT(w.alone[0].interval.lo, w.alone[0].explanation.log_ratio);
  EXPECT_GT(w.alone[0].step_s, w.before_step_s);
}

TEST(WhatIf, RankedBySavingAndOnlyWhatCanBe) {
  const auto w = ranked_changes(*parse_figure(kChat), fit());
  ASSERT_TRUE(w);
  EXPECT_GE(w->alone.size(), 8U);
  for (std::size_t i = 0; i < w->alone.size(); ++i) {
    EXPECT_FALSE(w->alone[i].refused) << w->alone[i].text;
    const double before = w->alone[i > 0 ? i - 1 : 0].explanation.log_ratio;
    EXPECT_LE(before, w->alone[i].explanation.log_ratio);
  }
  EXPECT_NE(to_text(*w).find("model=Llama-3.1-8B"), std::string::npos);
  // The largest batch that is named fits, and twice of it does not.
  EXPECT_NE(to_text(*w).find("batch="), std::string::npos);
}

TEST(WhatIf, MixturesAndDenseBothWays) {
  const WhatIf dense = ask("Qwen3-30B-A3B,batch=8", {"experts->dense"});
  EXPECT_GT(factor(dense.alone[0]), 1.5);  // every token through all of it
  const WhatIf experts = ask("Llama-3.1-70B,gpus=4,batch=1", {"dense->experts", "mha->mla"});
  EXPECT_LT(factor(experts.alone[0]), 0.8);
}

TEST(WhatIf, ErrorsNameTheCure) {
  EXPECT_EQ(parse_change("faster").error().code, "change.syntax");
  EXPECT_EQ(parse_change("=4").error().code, "change.syntax");
  const auto unknown = whatif(*parse_figure(kChat), {*parse_change("bach=4")}, fit());
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, "spec.key");
  const auto capped = whatif(*parse_figure(std::string(kChat) + ",power-cap=10%"), {}, fit());
  ASSERT_FALSE(capped);
  EXPECT_EQ(capped.error().code, "clocks.cap");
}

}  // namespace
}  // namespace joulebook::explain
