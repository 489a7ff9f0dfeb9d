#include "study/words.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace joulebook {
namespace {

TEST(Words, CountsRunsWithALetterOrDigit) {
  EXPECT_EQ(count_words(""), 0);
  EXPECT_EQ(count_words(" \n\t"), 0);
  EXPECT_EQ(count_words("yes"), 1);
  EXPECT_EQ(count_words("  It's 3 o'clock -- so  what?\n"), 5);
  EXPECT_EQ(count_words("* ** ---"), 0);
  EXPECT_EQ(count_words("Grüße, ça va"), 3);
}

RC_GTEST_PROP(Words, ConcatenationWithABlankAdds, (const std::string& a, const std::string& b)) {
  RC_ASSERT(count_words(a + " " + b) == count_words(a) + count_words(b));
}

}  // namespace
}  // namespace joulebook
