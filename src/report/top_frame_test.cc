#include "report/top_frame.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

#include "core/text.h"
#include "export/live_json.h"
#include "fakes/golden.h"
#include "fakes/sample_live.h"
#include "report/spark_line.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

void expect_golden(const std::string& name, const std::string& text) {
  fakes::expect_golden(std::string(JOULEBOOK_GOLDEN_DIR) + "/" + name + ".txt", text);
}

TopView sized(int width, int height) {
  TopView view;
  view.width = width;
  view.height = height;
  return view;
}

Json metered() { return live_json(fakes::sample_live()); }
Json unmetered() { return live_json(fakes::sample_live_unmetered()); }

TEST(TopFrame, MatchesItsGoldens) {
  expect_golden("top-80x24", top_frame(metered(), sized(80, 24)) + "\n");
  expect_golden("top-120x40", top_frame(metered(), sized(120, 40)) + "\n");
  expect_golden("top-unmetered-80x24", top_frame(unmetered(), sized(80, 24)) + "\n");
}

TEST(TopFrame, IsNeverLargerThanItsScreen) {
  gateway::LiveState crowded = fakes::sample_live();
  for (int i = 0; i < 50; ++i) {
    crowded.domains.push_back(crowded.domains.front());
    crowded.domains.back().domain = "gpu:" + std::to_string(i + 1);
    crowded.consumers.push_back(crowded.consumers.front());
    crowded.consumers.back().kind = "model";
    crowded.consumers.back().name = std::string(100, 'x') + std::to_string(i) + "模型";
    crowded.upstreams.push_back(crowded.upstreams.front());
    crowded.absences.push_back({"a.b", std::string(300, 'y') + " and so on", "wait"});
  }
  for (const Json& live : {metered(), unmetered(), live_json(crowded), live_json({}), Json()}) {
    for (const int width : {1, 39, 80, 300}) {
      for (const int height : {1, 5, 24, 60}) {
        TopView view = sized(width, height);
        view.colour = height == 24;
        const std::string frame = top_frame(live, view);
        const auto lines = split(frame, '\n');
        EXPECT_LE(lines.size(), static_cast<std::size_t>(height));
        for (const auto line : lines) EXPECT_LE(display_width(line), width) << frame;
      }
    }
  }
}

TEST(TopFrame, ColourChangesNothingButColour) {
  TopView view = sized(100, 30);
  view.colour = true;
  std::string coloured = top_frame(metered(), view);
  EXPECT_NE(coloured.find('\x1b'), std::string::npos);
  for (auto at = coloured.find('\x1b'); at != std::string::npos; at = coloured.find('\x1b')) {
    coloured.erase(at, coloured.find('m', at) + 1 - at);
  }
  EXPECT_EQ(coloured, top_frame(metered(), sized(100, 30)));
}

TEST(TopFrame, AbsencesAreSaidAndNoZeroStandsForThem) {
  const std::string frame = top_frame(unmetered(), sized(80, 24));
  EXPECT_NE(frame.find("No reading: no sensor can be read"), std::string::npos);
  EXPECT_NE(frame.find("joulebook agent"), std::string::npos);
  EXPECT_EQ(frame.find(" 0 J"), std::string::npos);
  EXPECT_EQ(frame.find(" 0 W"), std::string::npos);
  EXPECT_NE(frame.find("Qwen3-8B"), std::string::npos);
}

// The names in the order in which a view shows them.
std::string order(TopView view) {
  const std::string frame = top_frame(metered(), view);
  std::string out;
  for (const auto line : split(frame, '\n')) {
    for (const char* name : {"search", "support", "research", "Llama", "Qwen", "/v1/chat", "/v1/messages", "/v1/emb"}) {
      if (line.starts_with(name)) out += std::string(name) + " ";
    }
  }
  return out;
}

TEST(TopFrame, KeysSortAndChooseTheKind) {
  TopView view = sized(100, 30);
  EXPECT_EQ(order(view), "Llama Qwen ");
  view = *after_key(view, 'r');
  EXPECT_EQ(order(view), "Qwen Llama ");
  view = *after_key(view, '\t');
  EXPECT_EQ(order(view), "search support research ");
  view = *after_key(view, 'p');
  EXPECT_EQ(order(view), "support search research ") << "one without a price comes last";
  view = *after_key(view, 'n');
  EXPECT_EQ(order(view), "research search support ");
  view = *after_key(*after_key(view, 'o'), 'j');
  EXPECT_EQ(order(view), "/v1/chat /v1/messages /v1/emb ");
  EXPECT_EQ(order(*after_key(view, 'x')), order(view));
  EXPECT_FALSE(after_key(view, 'q'));
}

TEST(SparkLine, GapsStayGapsAndColumnsAreMeans) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(spark_line(std::vector<double>{0, 7, nan, 3.5}, 10).text, "▁█·▅");
  const SparkLine means = spark_line(std::vector<double>{1, 3, nan, 5, nan, nan}, 3);
  EXPECT_EQ(means.text, "▁█·");
  EXPECT_EQ(means.lo, 2);
  EXPECT_EQ(means.hi, 5);
  EXPECT_EQ(spark_line(std::vector<double>{4, 4}, 5).text, "▅▅");
  EXPECT_FALSE(spark_line(std::vector<double>{nan, nan}, 5).any);
  EXPECT_FALSE(spark_line({}, 5).any);
  EXPECT_EQ(spark_line(std::vector<double>{1}, -3).text, "");
}

RC_GTEST_PROP(SparkLine, HasItsWidthAndItsEnds, (const std::vector<int>& whole)) {
  std::vector<double> values(whole.begin(), whole.end());
  const int width = *rc::gen::inRange(1, 50);
  const SparkLine line = spark_line(values, width);
  RC_ASSERT(display_width(line.text) == std::min(width, static_cast<int>(values.size())));
  RC_ASSERT(line.any == !values.empty());
  for (const double v : values) {
    if (static_cast<int>(values.size()) <= width) RC_ASSERT(line.lo <= v && v <= line.hi);
  }
}

}  // namespace
}  // namespace joulebook
