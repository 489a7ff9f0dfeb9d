#include "account/units/measure.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "account/units/names.h"

namespace joulebook::account {
namespace {

using testing::HasSubstr;

Measure parsed(std::string_view text) {
  auto m = Measure::parse(text);
  EXPECT_TRUE(m.has_value()) << text << ": " << (m ? "" : m.error().message + " | " + m.error().cure);
  return m.value_or(Measure{});
}

struct Case {
  std::string_view text;
  double value;
  std::string_view dimension;
};

TEST(Measure, WhatPeopleWriteIsReadInBaseUnits) {
  constexpr double kWh = 3.6e6, kPound = 0.45359237;
  const Case cases[] = {
      {"17,800 J/response", 17800, "J/response"},
      {"17800 J per query", 17800, "J/response"},
      {"0.24 Wh", 864, "J"},
      {"2.907 kWh/1000 images", 2.907 * kWh / 1000, "J/image"},
      {"2.907 kWh per 1,000 images", 2.907 * kWh / 1000, "J/image"},
      {"500000 kWh/day", 500000 * kWh / 86400, "J/s"},
      {"626155 lb CO2e", 626155 * kPound, "kgCO2e"},
      {"1,438 pounds of CO2", 1438 * kPound, "kgCO2e"},
      {"29.3 TWh/yr", 29.3e9 * kWh / (365.25 * 86400), "J/s"},
      {"381 gCO2e/kWh", 0.381 / kWh, "kgCO2e/J"},
      {"381 g CO2-eq per kWh", 0.381 / kWh, "kgCO2e/J"},
      {"12.9 t CO2e", 12900, "kgCO2e"},
      {"284 metric tons of CO2", 284000, "kgCO2e"},
      {"0.16 mg Sb eq", 0.16e-6, "kgSbe"},
      {"45 mL", 45e-6, "m3"},
      {"1.8 L/kWh", 1.8e-3 / kWh, "m3/J"},
      {"13.4 J/output token", 13.4, "J/token"},
      {"308,185.51 Wh/1000 requests", 308.18551 * 3600, "J/response"},
      {"87 %", 0.87, "1"},
      {"+41%", 0.41, "1"},
      {"2x", 2, "1"},
      {"200M requests/day", 200e6 / 86400, "response/s"},
      {"200 million requests a", 0, ""},
      {"15T tokens", 15e12, "token"},
      {"70B parameters", 70e9, "parameter"},
      {"28 GB", 28e9, "B"},
      {"5.78 MJ", 5.78e6, "J"},
      {"0.3 kilowatt-hours", 0.3 * kWh, "J"},
      {"1.5e-3 Wh", 5.4, "J"},
      {"30.84 million GPU hours", 30.84e6 * 3600, "device s"},
      {"989 teraflops", 989e12, "FLOP/s"},
      {"24.6 TFLOPS/GPU", 24.6e12, "FLOP/device/s"},
      {"3.35 TB/s", 3.35e12, "B/s"},
      {"-5 %", -0.05, "1"},
      {"$0.12/kWh", 0.12 / kWh, "USD/J"},
      {"100 G$", 1e11, "USD"},
      {"17,000 US households", 17000, "household"},
      {"1 000 000 kWh", 1e6 * kWh, "J"},
      {"10-25 mL/question", std::sqrt(10 * 25) * 1e-6, "m3/response"},
      {"519 mL/email", 519e-6, "m3/response"},
      {"~0.3 Wh per query", 1080, "J/response"},
      {"about 0.3 watt-hours", 1080, "J"},
      {"approx. 0.3 watthours", 1080, "J"},
      {"2.5bn requests/day", 2.5e9 / 86400, "response/s"},
      {"17.8k J", 17800, "J"},
      {"500k kWh a day", 500e3 * kWh / 86400, "J/s"},
      {"0.3 Wh/1k queries", 1.08, "J/response"},
      {"0.4 kWh per 1M tokens", 0.4 * kWh / 1e6, "J/token"},
      {"3.15 x 10^23 FLOP", 3.15e23, "FLOP"},
      {"3.15×10²³ FLOP", 3.15e23, "FLOP"},
      {"10^-4 kWh/response", 1e-4 * kWh, "J/response"},
      {"17'800 J/response", 17800, "J/response"},
      {"EUR 0.30/kWh", 0.30 / kWh, "EUR/J"},
      {"381 g CO2e/kWh", 0.381 / kWh, "kgCO2e/J"},
      {"381 g/kWh", 0.381 / kWh, "kgCO2e/J"},
      {"0.8 lb/kWh", 0.8 * kPound / kWh, "kgCO2e/J"},
      {"800 pounds per MWh", 0.8 * kPound / kWh, "kgCO2e/J"},
      {"2.907 kWh per 1000 images generated", 2.907 * kWh / 1000, "J/image"},
      {"0.3 kcal/query", 1255.2, "J/response"},
      {"2e18 eV/token", 2e18 * 1.602176634e-19, "J/token"},
      {"0.1 g co2e per 1k tokens", 1e-7, "kgCO2e/token"},
      {"500 t Co2", 500e3, "kgCO2e"},
      {"369 gCO2E/kWh", 0.369 / kWh, "kgCO2e/J"},
      {"nearly 0.3 Wh", 1080, "J"},
      {"an estimated 0.3 Wh per query", 1080, "J/response"},
      {"87 % more", 0.87, "1"},
      {"90% less", 0.9, "1"},
      {"90 % less energy", 0.9, "1"},
      {"50 % of electricity", 0.5, "1"},
      {"77 Wh/hour of video", 77, "J/s"},
      {"0.5 Wh per minute of speech", 30, "J/s"},
      {"500 mL/conversation", 5e-4, "m3/session"},
      {"3 Wh.", 10800, "J"},
  };
  for (const Case& c : cases) {
    if (c.dimension.empty()) {
      EXPECT_FALSE(Measure::parse(c.text)) << c.text;
      continue;
    }
    const Measure m = parsed(c.text);
    EXPECT_NEAR(m.value, c.value, 1e-12 * std::abs(c.value)) << c.text;
    EXPECT_EQ(m.unit.dimension.text(), c.dimension) << c.text;
  }
}

TEST(Measure, RangesHaveTwoEndsAndAMiddle) {
  Measure m = parsed("3-4 J/output token");
  EXPECT_TRUE(m.range);
  EXPECT_EQ(m.lo, 3);
  EXPECT_EQ(m.hi, 4);
  EXPECT_NEAR(m.value, std::sqrt(12), 1e-12);
  m = parsed("0.42 +- 0.13 Wh");
  EXPECT_NEAR(m.lo, 0.29 * 3600, 1e-9);
  EXPECT_NEAR(m.hi, 0.55 * 3600, 1e-9);
  EXPECT_NEAR(m.value, 0.42 * 3600, 1e-9);
  EXPECT_EQ(parsed("350–700 W").hi, 700);
  EXPECT_EQ(parsed("350 to 700 W").lo, 350);
  EXPECT_EQ(parsed("1..2 J").hi, 2);
  EXPECT_EQ(parsed("-1 to 2 %").lo, -0.01);
}

// A unit behind each end is one, and a tolerance in percent is of the value.
TEST(Measure, RangesMayNameTheirUnitTwice) {
  for (const char* text : {"3.6-4.0 Wh", "3.6 Wh - 4.0 Wh", "3.6 Wh to 4.0 Wh", "3.6Wh–4.0Wh", "between 3.6 and 4.0 Wh", "from 3.6 to 4.0 Wh", "3600 mWh - 4.0 Wh"}) {
    const Measure m = parsed(text);
    EXPECT_NEAR(m.lo, 3.6 * 3600, 1e-9) << text;
    EXPECT_NEAR(m.hi, 4.0 * 3600, 1e-9) << text;
    EXPECT_EQ(m.unit.dimension.text(), "J") << text;
  }
  for (const char* text : {"0.24 Wh ± 10 %", "0.24 Wh +- 0.024 Wh", "0.24 Wh/query +/- 10%"}) {
    const Measure m = parsed(text);
    EXPECT_NEAR(m.lo, 0.216 * 3600, 1e-9) << text;
    EXPECT_NEAR(m.hi, 0.264 * 3600, 1e-9) << text;
  }
  EXPECT_EQ(parsed("0.3 Wh - 0.5 Wh per query").unit.dimension.text(), "J/response");
  EXPECT_NEAR(parsed("300 mWh to 0.5 Wh/1000 images").lo, 1.08, 1e-12);
  EXPECT_EQ(Measure::parse("3 Wh to 4 W").error().code, "measure.range");
}

TEST(Measure, AboutIsAWholeUnitOfTheLastDigit) {
  EXPECT_NEAR(parsed("~0.3 Wh").rounding, 360, 1e-9);
  EXPECT_NEAR(parsed("0.3 Wh").rounding, 180, 1e-9);
  EXPECT_NEAR(parsed("3 x 10^2 J").rounding, 50, 1e-9);
}

TEST(Measure, RoundingIsHalfOfTheLastDigitThatWasWritten) {
  EXPECT_NEAR(parsed("0.24 Wh").rounding, 18, 1e-9);
  EXPECT_NEAR(parsed("0.30 Wh").rounding, 18, 1e-9);
  EXPECT_NEAR(parsed("17800 J").rounding, 50, 1e-9);
  EXPECT_NEAR(parsed("17,801 J").rounding, 0.5, 1e-9);
  EXPECT_NEAR(parsed("500000 J").rounding, 50000, 1e-9);
  EXPECT_NEAR(parsed("1.5e6 J").rounding, 50000, 1e-6);
}

struct Bad {
  std::string_view text, code, says;
};
TEST(Measure, WhatCannotBeMeantIsRefusedWithTheCure) {
  const Bad cases[] = {
      {"12.9 t", "unit.ambiguous", "CO2e"},
      {"626155 lb", "unit.ambiguous", "CO2e"},
      {"5 tons CO2e", "unit.ambiguous", "short ton"},
      {"5 gal", "unit.ambiguous", "US"},
      {"5 mwh", "unit.ambiguous", "mega"},
      {"5 KWH", "unit.unknown", "kWh"},
      {"5 jouls", "unit.unknown", "joule"},
      {"5 J/", "unit.empty", "per"},
      {"plenty of J", "measure.number", "number"},
      {"0,24 Wh", "measure.number", "'0.24 Wh'"},
      {"0,245 Wh", "measure.number", "'0.245 Wh'"},
      {"1.234,5 kWh", "measure.number", "'1234.5 kWh'"},
      {"1,5-2 Wh", "measure.number", "'1.5-2 Wh'"},
      {"less than 0.3 Wh", "measure.number", "0-0.3 Wh"},
      {"200m requests", "unit.ambiguous", "million"},
      {"0.3 Wh/ChatGPT query", "unit.unknown", "leave it out"},
      {"", "measure.number", "number"},
      {"J", "measure.number", "number"},
      {"4-3 J", "measure.range", "lower end"},
      {"1e999 J", "measure.number", "exponent"},
      {"1e-400 J", "measure.number", "exponent"},
      {"1e300 TWh", "measure.number", "exponent"},
      {"1.234.567 kWh", "measure.number", "'1,234,567 kWh'"},
      {"1.2.3 kWh", "measure.number", "one point"},
      {"> 3 Wh", "measure.number", "'3-30 Wh'"},
      {"at least 1,500 kWh/day", "measure.number", "'1,500-15000 kWh/day'"},
      {"up to 0.3 Wh", "measure.number", "'0-0.3 Wh'"},
      {"30 mAh at 3.7 V", "unit.unknown", "3.7 V"},
      {"5 Ah", "unit.unknown", "volts"},
      {"3 hp", "unit.unknown", "W"},
      {"3 TWh annually", "unit.unknown", "kWh/yr"},
      {"2.9 Wh each", "unit.unknown", "Wh/image"},
      {"30 ct/kWh", "unit.ambiguous", "0.30 EUR"},
      {"3 times more", "unit.ambiguous", "3x"},
  };
  for (const Bad& c : cases) {
    const auto m = Measure::parse(c.text);
    ASSERT_FALSE(m) << c.text;
    EXPECT_EQ(m.error().code, c.code) << c.text << ": " << m.error().message;
    EXPECT_THAT(m.error().cure, HasSubstr(std::string(c.says))) << c.text;
  }
}

TEST(Measure, MismatchesNameTheSlip) {
  const auto slip = [](std::string_view a, std::string_view b) {
    const auto m = converted(parsed(a), *Unit::parse(b));
    EXPECT_FALSE(m) << a << " in " << b;
    return m ? std::string() : m.error().cure;
  };
  EXPECT_THAT(slip("5 Wh", "W"), HasSubstr("power"));
  EXPECT_THAT(slip("5 gCO2e", "kWh"), HasSubstr("gCO2e/kWh"));
  EXPECT_THAT(slip("5 J/token", "J/response"), HasSubstr("tokens of a response"));
  EXPECT_THAT(slip("5 J/image", "J"), HasSubstr("images"));
  EXPECT_THAT(slip("20", "gCO2e/kWh"), HasSubstr("'20 gCO2e/kWh'"));
}

RC_GTEST_PROP(Measure, UnitsConvertThereAndBack, ()) {
  const std::string unit = *rc::gen::element<std::string>("Wh", "kWh", "MJ", "TWh", "mJ", "BTU");
  const std::string other = *rc::gen::element<std::string>("J", "Wh", "GWh", "uJ");
  const double x = *rc::gen::inRange(1, 1000000) / 100.0;
  const auto m = Measure::parse(fmt::format("{} {}", x, unit));
  RC_ASSERT(m.has_value());
  const auto there = converted(*m, *Unit::parse(other));
  RC_ASSERT(there.has_value());
  RC_ASSERT(std::abs(there->value * there->unit.factor - m->value) <= 1e-12 * m->value);
  RC_ASSERT(std::abs(m->in(*Unit::parse(unit)) - x) <= 1e-12 * x);
}

RC_GTEST_PROP(Measure, PrefixesAreThousandsApart, ()) {
  const std::string unit = *rc::gen::element<std::string>("J", "W", "Wh", "B", "FLOP", "FLOPS");
  const auto factor = [&](std::string_view prefix) { return Unit::parse(std::string(prefix) + unit)->factor; };
  constexpr std::string_view kUp[] = {"m", "", "k", "M", "G", "T", "P"};
  for (std::size_t i = 1; i < std::size(kUp); ++i) {
    RC_ASSERT(std::abs(factor(kUp[i]) / factor(kUp[i - 1]) - 1000) < 1e-9);
  }
}

RC_GTEST_PROP(Measure, ADimensionTimesAndDividedByAnotherIsItself, ()) {
  const auto any = [] {
    Dimension d;
    for (const char* base : {"J", "s", "token", "kgCO2e"}) {
      if (const int power = *rc::gen::inRange(-3, 4)) d.powers[base] = power;
    }
    return d;
  };
  const Dimension a = any(), b = any();
  RC_ASSERT((a * b) / b == a);
  RC_ASSERT((a / a).none());
  RC_ASSERT(a * b == b * a);
}

RC_GTEST_PROP(Measure, TheStatedValueLiesInItsRange, ()) {
  const double a = *rc::gen::inRange(0, 100000) / 10.0, b = *rc::gen::inRange(0, 100000) / 10.0;
  const std::string join = *rc::gen::element<std::string>("-", " to ", "..", " - ", "–");
  const auto m = Measure::parse(fmt::format("{}{}{} kWh", a, join, b));
  RC_ASSERT(m.has_value() == (a <= b));
  if (m) RC_ASSERT(m->lo <= m->value * (1 + 1e-12) && m->value <= m->hi * (1 + 1e-12));
}

RC_GTEST_PROP(Measure, GroupsOfThreeChangeNothing, ()) {
  const auto n = *rc::gen::inRange<std::int64_t>(0, 2000000000);
  std::string grouped = std::to_string(n);
  const std::string by = *rc::gen::element<std::string>(",", " ");
  for (auto at = static_cast<std::int64_t>(grouped.size()) - 3; at > 0; at -= 3) grouped.insert(static_cast<std::size_t>(at), by);
  const auto m = Measure::parse(grouped + " J/token");
  RC_ASSERT(m.has_value());
  RC_ASSERT(m->value == static_cast<double>(n));
}

// Every word of the tables is a unit, or a mass that is one once it says of what.
TEST(Measure, EveryWordIsReadable) {
  for (const std::string& word : all_unit_words()) EXPECT_TRUE(Unit::parse(word)) << word;
}

}  // namespace
}  // namespace joulebook::account
