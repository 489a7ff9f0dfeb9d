// A grid's intensity over time: days that there are, zones that are said, and spans that tile.
#include "account/footprint/series.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

#include "account/footprint/when.h"
#include "core/clock.h"

namespace joulebook::account {
namespace {

constexpr std::int64_t kHour = 3'600'000'000'000;

TEST(When, InstantsAndTheirZones) {
  EXPECT_EQ(iso8601(parse_instant("2025-02-28T23:00Z", {}).value()).substr(0, 19), "2025-02-28T23:00:00");
  EXPECT_EQ(parse_instant("2025-03-01T00:00+01:00", {}).value(), parse_instant("2025-02-28T23:00Z", {}).value());
  EXPECT_EQ(parse_instant("2025-03-01 00:00", 3600).value(), parse_instant("2025-02-28T23:00:00Z", {}).value());
  EXPECT_EQ(parse_instant("2025-03-01T00:00", {}).error().code, "time.zone");
  EXPECT_EQ(parse_zone("Europe/Berlin").error().code, "time.zone");
  EXPECT_EQ(parse_zone("-05:30").value(), -19800);
}

TEST(When, DaysThatTheCalendarHasNot) {
  for (const char* text : {"2025-02-31", "2025-02-29T00:00Z", "2025-04-31", "2025-13-01", "2025-00-01", "2025-01-01T25:00Z", "1025-01-01"}) {
    const auto read = parse_instant(text, 0);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().code, "time.day") << text;
    EXPECT_FALSE(read.error().cure.empty()) << text;
  }
  EXPECT_TRUE(parse_instant("2024-02-29", 0).has_value());
  EXPECT_EQ(parse_month("2025-02-31").error().code, "time.day");
  EXPECT_NE(parse_month("2025-02-31").error().message.find("February 2025 has 28 days"), std::string::npos);
  EXPECT_EQ(parse_month("2025-02").value().text(), "2025-02");
  EXPECT_EQ(parse_month("Feb 2025").error().code, "time.syntax");
}

IntensitySeries hours(const std::vector<int>& grams) {
  std::string csv = "time,gCO2e/kWh\n";
  const auto start = parse_instant("2025-01-01T00:00Z", {}).value();
  for (std::size_t i = 0; i < grams.size(); ++i) csv += fmt::format("{},{}\n", iso8601(start + static_cast<std::int64_t>(i) * kHour), grams[i]);
  return parse_series(csv, "hours.csv", {}).value();
}

TEST(Series, MeanOverASpan) {
  const IntensitySeries s = hours({100, 200, 400});
  // Half an hour of the first, all of the second.
  const double mean = mean_intensity(s, {{s.begin_ns + kHour / 2, s.begin_ns + 2 * kHour, 0}}).value();
  EXPECT_NEAR(mean * 3.6e9, (50 + 200) / 1.5, 1e-9);
  // Weighed by energy.
  const double weighted = mean_intensity(s, {{s.begin_ns, s.begin_ns + kHour, 3}, {s.begin_ns + kHour, s.begin_ns + 2 * kHour, 1}}).value();
  EXPECT_NEAR(weighted * 3.6e9, 125, 1e-9);
  EXPECT_EQ(mean_intensity(s, {{s.begin_ns - 1, s.end_ns(), 1}}).error().code, "series.span");
}

// The hour that a clock skips in spring, and the one it shows twice in autumn, are no gaps where each row has its offset.
TEST(Series, DaysOnWhichClocksChange) {
  for (const char* csv : {"time,gCO2e/kWh\n2026-03-29T00:00+01:00,100\n2026-03-29T01:00+01:00,200\n2026-03-29T03:00+02:00,300\n",
                          "time,gCO2e/kWh\n2026-10-25T01:00+02:00,100\n2026-10-25T02:00+02:00,200\n2026-10-25T02:00+01:00,300\n"}) {
    const auto s = parse_series(csv, "x.csv", {});
    ASSERT_TRUE(s) << s.error().message;
    EXPECT_EQ(s->end_ns() - s->begin_ns, 3 * kHour);
    EXPECT_NEAR(mean_intensity(*s, {{s->begin_ns, s->end_ns(), 0}}).value() * 3.6e9, 200, 1e-9);
  }
  EXPECT_EQ(parse_series("time,gCO2e/kWh\n2026-03-29T00:00,1\n2026-03-29T01:00,1\n2026-03-29T03:00,1\n", "x.csv", 3600).error().code, "series.step");
}

// As a spreadsheet writes it where a comma is the decimal point.
TEST(Series, SemicolonsAndDecimalCommas) {
  const auto s = parse_series("\xEF\xBB\xBFtime;gCO2e/kWh\r\n2026-01-01T00:00Z;200,5\r\n2026-01-01T01:00Z;1.200,5\r\n2026-01-01T02:00Z;200.125\r\n", "x.csv", {});
  ASSERT_TRUE(s) << s.error().message;
  ASSERT_EQ(s->kg_per_j.size(), 3U);
  EXPECT_NEAR(s->kg_per_j[0] * 3.6e9, 200.5, 1e-9);
  EXPECT_NEAR(s->kg_per_j[1] * 3.6e9, 1200.5, 1e-9);
  EXPECT_NEAR(s->kg_per_j[2] * 3.6e9, 200.125, 1e-9);
}

TEST(Series, BadFilesAreRefusedWithTheLine) {
  const auto code = [](const char* csv) { return parse_series(csv, "x.csv", {}).error().code; };
  EXPECT_EQ(code("time,gCO2e/kWh\n2025-02-31T00:00Z,1\n2025-03-01T00:00Z,1\n"), "time.day");
  EXPECT_EQ(code("time,gCO2e/kWh\n2025-02-01T00:00,1\n"), "time.zone");
  EXPECT_EQ(code("time,lb/kWh\n2025-02-01T00:00Z,1\n"), "unit.pounds");
  EXPECT_EQ(code("time,J/s\n2025-02-01T00:00Z,1\n"), "unit.mismatch");
  EXPECT_EQ(code("when,gCO2e/kWh\n2025-02-01T00:00Z,1\n"), "series.columns");
  EXPECT_EQ(code("time,gCO2e/kWh\n2025-02-01T00:00Z,-1\n2025-02-01T01:00Z,1\n"), "series.value");
  EXPECT_EQ(code("time,gCO2e/kWh\n2025-02-01T00:00Z,1\n2025-02-01T01:00Z,1\n2025-02-01T03:00Z,1\n"), "series.step");
  EXPECT_EQ(code("time,gCO2e/kWh\n2025-02-01T00:00Z,1\n2025-02-01T00:00Z,1\n"), "series.step");
  EXPECT_EQ(code(""), "series.step");
  EXPECT_NE(parse_series("time,gCO2e/kWh\n2025-02-31T00:00Z,1\n", "x.csv", {}).error().message.find("x.csv:2"), std::string::npos);
}

RC_GTEST_PROP(SeriesProperties, SpansTile, ()) {
  const auto grams = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1000));
  RC_PRE(grams.size() >= 2U);
  const IntensitySeries s = hours(grams);
  const auto length = s.end_ns() - s.begin_ns;
  std::vector<std::int64_t> edges{s.begin_ns, s.end_ns()};
  for (int i = 0; i < 5; ++i) edges.push_back(s.begin_ns + *rc::gen::inRange<std::int64_t>(0, length));
  std::ranges::sort(edges);
  double parts = 0;
  for (std::size_t i = 1; i < edges.size(); ++i) parts += integral(s, edges[i - 1], edges[i]).value();
  const double whole = integral(s, s.begin_ns, s.end_ns()).value();
  RC_ASSERT(std::abs(parts - whole) <= 1e-9 * whole + 1e-18);
}

}  // namespace
}  // namespace joulebook::account
