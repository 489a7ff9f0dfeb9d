#include "report/bar_chart.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/text.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

TEST(BarChart, DrawsInProportionFromZero) {
  EXPECT_EQ(bar_chart("J/token by batch", {{"1", 8, "8 J"}, {"64", 4, "4 J"}, {"128", 0.01, "10 mJ"}}, 20),
            "J/token by batch\n"
            "  1    8 J  ████████\n"
            " 64    4 J  ████\n"
            "128  10 mJ  ▏\n");
  EXPECT_EQ(bar_chart("nothing", {}, 40), "");
  EXPECT_EQ(bar_chart("all zero", {{"a", 0, "0"}}, 40), "all zero\na  0  \n");
}

// Whatever the values, no line is wider than asked, and a greater value never has the shorter bar.
RC_GTEST_PROP(BarChart, KeepsTheWidthAndTheOrder, ()) {
  const int width = *rc::gen::inRange(40, 200);
  const auto values = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1'000'000)));
  std::vector<Bar> bars;
  for (const int v : values) bars.push_back({"sweep " + std::to_string(v), v / 7.0, std::to_string(v)});
  const std::string text = bar_chart("", bars, width);
  const auto lines = split(text, '\n');
  RC_ASSERT(lines.size() == bars.size() + 2);
  for (const auto line : lines) RC_ASSERT(display_width(line) <= width);
  for (std::size_t i = 0; i + 1 < bars.size(); ++i) {
    const int a = display_width(lines[i + 1]), b = display_width(lines[i + 2]);
    const bool in_order = values[i] <= values[i + 1] ? a <= b : a >= b;
    RC_ASSERT(in_order);
  }
}

}  // namespace
}  // namespace joulebook
