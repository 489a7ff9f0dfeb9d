#include "report/text_grid.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "core/text.h"

namespace joulebook {
namespace {

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width(""), 0);
  EXPECT_EQ(display_width("joule"), 5);
  EXPECT_EQ(display_width("µJ"), 2);
  EXPECT_EQ(display_width("e\u0301t"), 2);
  EXPECT_EQ(display_width("焦耳"), 4);
  EXPECT_EQ(display_width("\x1b[31mred\x1b[0m"), 3);
  EXPECT_EQ(display_width("\xff"), 1);
}

TEST(WrapText, CutsAWordThatIsTooLong) {
  EXPECT_EQ(wrap_text("焦耳焦耳 a", 4), (std::vector<std::string>{"焦耳", "焦耳", "a"}));
}

TEST(ClipText, EndsInAnEllipsisOfOneColumn) {
  EXPECT_EQ(clip_text("joule", 5), "joule");
  EXPECT_EQ(clip_text("joules", 5), "joul…");
  EXPECT_EQ(clip_text("焦耳焦", 4), "焦…");
}

RC_GTEST_PROP(WrapText, KeepsEveryWordAndTheWidth, (const std::vector<std::string>& words)) {
  std::string text;
  for (const auto& word : words) text += valid_utf8(word) + " ";
  const int width = *rc::gen::inRange(2, 40);
  std::string kept;
  for (const auto& line : wrap_text(text, width)) {
    RC_ASSERT(display_width(line) <= width);
    kept += line;
  }
  const auto without_blanks = [](std::string s) {
    std::erase(s, ' ');
    return s;
  };
  RC_ASSERT(without_blanks(kept) == without_blanks(text));
}

TextGrid sample_grid() {
  TextGrid grid({{"name", TextGrid::Align::left},
                 {"J", TextGrid::Align::right},
                 {"note", TextGrid::Align::left, true}});
  grid.add({"µ-arm", "1.5", "a note that is long enough to be wrapped when it must be"});
  grid.add({"焦耳", "10.25", "short"});
  return grid;
}

TEST(TextGrid, PadsByDisplayWidth) {
  EXPECT_EQ(sample_grid().text(100),
            "name       J  note\n"
            "µ-arm    1.5  a note that is long enough to be wrapped when it must be\n"
            "焦耳   10.25  short\n");
}

TEST(TextGrid, WrapsWhereItIsNarrow) {
  EXPECT_EQ(sample_grid().text(40),
            "name       J  note\n"
            "µ-arm    1.5  a note that is long enough\n"
            "              to be wrapped when it must\n"
            "              be\n"
            "焦耳   10.25  short\n");
}

TEST(TextGrid, StacksWhereItIsVeryNarrow) {
  EXPECT_EQ(sample_grid().text(20),
            "µ-arm\n"
            "  J: 1.5\n"
            "  note: a note that\n"
            "  is long enough to\n"
            "  be wrapped when it\n"
            "  must be\n"
            "焦耳\n"
            "  J: 10.25\n"
            "  note: short\n");
}

RC_GTEST_PROP(TextGrid, NeverOverflowsAndLosesNoWord, ()) {
  const auto word = rc::gen::container<std::string>(rc::gen::inRange('a', 'g'));
  TextGrid grid({{"one", TextGrid::Align::left, true}, {"two", TextGrid::Align::right, true}});
  std::string all;
  for (int i = *rc::gen::inRange(1, 5); i > 0; --i) {
    const std::string left = *word;
    const std::string right = *word + " " + *word;
    grid.add({left, right});
    all += left + right;
  }
  const int width = *rc::gen::inRange(8, 60);
  const std::string text = grid.text(width);
  for (const auto line : split(text, '\n')) RC_ASSERT(display_width(line) <= width);
  for (char c = 'a'; c < 'd'; ++c) {
    RC_ASSERT(std::count(text.begin(), text.end(), c) >= std::count(all.begin(), all.end(), c));
  }
}

}  // namespace
}  // namespace joulebook
