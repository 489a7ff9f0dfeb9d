#include "core/text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/clock.h"

namespace joulebook {
namespace {

RC_GTEST_PROP(Text, RepairedTextIsValidAndValidTextIsUntouched, (const std::string& bytes)) {
  const std::string repaired = valid_utf8(bytes);
  RC_ASSERT(is_valid_utf8(repaired));
  RC_ASSERT(valid_utf8(repaired) == repaired);
}

TEST(Text, RefusesOverlongsAndSurrogates) {
  EXPECT_FALSE(is_valid_utf8("\xC0\xAF"));
  EXPECT_FALSE(is_valid_utf8("\xED\xA0\x80"));
  EXPECT_FALSE(is_valid_utf8("\xF4\x90\x80\x80"));
  EXPECT_TRUE(is_valid_utf8("é€😀"));
}

TEST(Text, NumbersAreWholeOrNothing) {
  EXPECT_EQ(parse_uint("42"), 42u);
  EXPECT_FALSE(parse_uint("-1"));
  EXPECT_FALSE(parse_uint("42 "));
  EXPECT_EQ(parse_double("1e3"), 1000.0);
  EXPECT_FALSE(parse_double(""));
}

RC_GTEST_PROP(Text, CsvFieldsComeBack, (const std::vector<std::string>& fields)) {
  RC_PRE(!fields.empty());
  std::string line;
  for (const auto& field : fields) {
    if (&field != fields.data()) line += ',';
    line += csv_field(field);
  }
  RC_ASSERT(parse_csv_line(line) == fields);
}

TEST(Text, NearestNeedsToBeNear) {
  const std::vector<std::string> known = {"model", "mode", "seed"};
  EXPECT_EQ(nearest("modle", known), "model");
  EXPECT_FALSE(nearest("banana", known));
  const std::vector<std::string> commands = {"study", "run"};
  EXPECT_EQ(nearest("stduy", commands), "study");
  EXPECT_EQ(nearest("rnu", commands), "run");
  EXPECT_EQ(nearest("sutdy", commands), "study");
  EXPECT_FALSE(nearest("ydust", commands));
}

TEST(Clock, FormatsWallTime) {
  EXPECT_EQ(iso8601(1'795'472'280'123'000'000), "2026-11-23T22:18:00.123Z");
}

}  // namespace
}  // namespace joulebook
