#include "export/metric_table.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "core/file_tree.h"
#include "fakes/sample_study.h"

namespace joulebook {
namespace {

TEST(MetricTable, IdsAreUniqueAndSpeakable) {
  std::set<std::string_view> seen;
  for (const auto& m : arm_metrics()) {
    EXPECT_TRUE(seen.insert(m.id).second) << m.id;
    EXPECT_EQ(m.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos);
    EXPECT_TRUE(m.doc.ends_with('.')) << m.id;
    EXPECT_EQ(find_arm_metric(m.id)->label, m.label);
  }
  seen.clear();
  for (const auto& m : trial_metrics()) EXPECT_TRUE(seen.insert(m.id).second) << m.id;
  EXPECT_EQ(find_arm_metric("nothing"), nullptr);
}

TEST(MetricTable, EveryFigureHasTheTablesUnitOrAReason) {
  const StudyResult study = fakes::sample_study();
  const ArmResult nothing;
  for (const auto& m : arm_metrics()) {
    for (const ArmResult* arm : {&study.arms[0], &study.arms[1], &nothing}) {
      const Quantity q = m.of(*arm).these;
      EXPECT_EQ(q.unit, m.unit) << m.id;
      EXPECT_EQ(q.per, m.per) << m.id;
      EXPECT_EQ(q.present(), !q.reason.has_value()) << m.id;
    }
  }
  for (const auto& m : trial_metrics()) {
    for (const auto& t : study.trials) {
      const Quantity q = m.of(t);
      EXPECT_EQ(q.unit, m.unit) << m.id;
      EXPECT_EQ(q.present(), !q.reason.has_value()) << m.id;
    }
  }
}

TEST(MetricTable, AnArmWithoutTrialsHasNoFiguresButCounts) {
  const ArmResult nothing;
  for (const auto& m : arm_metrics()) {
    EXPECT_EQ(m.of(nothing).these.present(), m.type == MetricType::count) << m.id;
  }
}

TEST(MetricTable, FiguresAreTheArmsOwn) {
  const StudyResult study = fakes::sample_study();
  const ArmResult& arm = study.arms[1];
  EXPECT_EQ(find_arm_metric("j_per_response")->of(arm).these, arm.j_per_response.these);
  EXPECT_EQ(find_arm_metric("j_per_response")->of(arm).alike, arm.j_per_response.alike);
  EXPECT_EQ(*find_arm_metric("correct_share")->of(arm).these.value, 1.0);
  EXPECT_EQ(*find_arm_metric("censored_share")->of(arm).these.value, 2.0 / 16);
  EXPECT_EQ(*find_arm_metric("peak_memory")->of(arm).these.value, 412e6);
  EXPECT_EQ(find_arm_metric("reasoning_tokens")->of(study.arms[0]).these.reason->code,
            "reasoning.unmarked");
}

// Of an arm that is a program nobody counted a token: that is no zero.
TEST(MetricTable, AProgramHasNoTokens) {
  ArmResult arm = fakes::sample_study().arms[1];
  const auto absent = [&](const char* id) {
    const Quantity q = find_arm_metric(id)->of(arm).these;
    return !q.present() && q.reason->code == "tokens.none";
  };
  EXPECT_FALSE(absent("output_tokens"));
  EXPECT_FALSE(absent("tokens_per_second"));
  arm.tokens_per_second = 0;
  EXPECT_TRUE(absent("tokens_per_second"));
  arm.engine.kind = "command";
  for (const auto* id : {"prompt_tokens", "output_tokens", "reasoning_tokens", "answer_tokens", "tokens_per_second"}) {
    EXPECT_TRUE(absent(id)) << id;
  }
  EXPECT_FALSE(absent("words"));
}

TEST(MetricTable, TextIsForPeople) {
  EXPECT_EQ(metric_text(MetricType::share, Quantity::exact(0.125, "1")), "12.5 %");
  EXPECT_EQ(metric_text(MetricType::count, Quantity::exact(16, "1")), "16");
  EXPECT_EQ(metric_text(MetricType::number, Quantity::exact(1234.4, "{token}")), "1234");
  EXPECT_EQ(metric_text(MetricType::quantity, Quantity::exact(17'800, "J")), "17.8 kJ");
  EXPECT_EQ(metric_text(MetricType::quantity, Quantity::absent("J", {"sensor.reset", "", ""})),
            "no reading (sensor.reset)");
}

// JOULEBOOK_REGENERATE=1 writes the page anew.
TEST(MetricTable, ReferencePageIsWrittenFromTheTable) {
  const std::string path = std::string(JOULEBOOK_SOURCE_DIR) + "/docs/metrics.md";
  if (std::getenv("JOULEBOOK_REGENERATE") != nullptr) {
    ASSERT_TRUE(write_file(path, metrics_page()));
  }
  const auto page = read_file(path);
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(*page, metrics_page()) << "run this test with JOULEBOOK_REGENERATE=1";
}

}  // namespace
}  // namespace joulebook
