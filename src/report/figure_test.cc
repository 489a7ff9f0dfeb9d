#include "report/figure.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

#include "core/text.h"

namespace joulebook {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Quantity measured(double value, double lo, double hi, std::string unit = "J") {
  Quantity q;
  q.value = value;
  q.own = {lo, hi};
  q.unit = std::move(unit);
  q.boundary = "package";
  return q;
}

TEST(FigureText, PutsIntervalAndValueOnOnePrefix) {
  EXPECT_EQ(figure_text(measured(17'800, 17'100, 18'600)).full(),
            "17.8 kJ [17.1–18.6] 95 % measured");
  EXPECT_EQ(figure_text(measured(0.00037, 0.0003, 0.0005)).line(), "370 µJ [300–500]");
  EXPECT_EQ(figure_text(measured(999.96, 900, 1100)).line(), "1.00 kJ [0.90–1.10]");
}

// What is small is shown, with a prefix or a power of ten, and is never a row of zeros.
TEST(FigureText, ATinyFigureIsNoZero) {
  EXPECT_EQ(figure_text(measured(1e-12, 1e-12, 1e-12)).line(), "1.00 pJ");
  EXPECT_EQ(figure_text(measured(3.2e-10, 3e-10, 4e-10)).line(), "320 pJ [300–400]");
  EXPECT_EQ(figure_text(measured(1.06e-13, 1.06e-13, 1.06e-13, "kgCO2e")).line(), "106 pgCO2e");
  EXPECT_EQ(figure_text(measured(6.6e-10, 6.6e-10, 6.6e-10, "1")).line(), "6.6e-10×");
}

TEST(FigureText, ShowsMoreDigitsWhereTheIntervalIsNarrow) {
  EXPECT_EQ(figure_text(measured(512, 511.7, 512.3)).line(), "512.0 J [511.7–512.3]");
  EXPECT_EQ(figure_text(measured(1.87, 1.74, 1.99, "1")).line(), "1.87× [1.74–1.99]");
}

TEST(FigureText, AFarEndThatWouldBeALongNumberChoosesTheUnit) {
  EXPECT_EQ(figure_text(measured(3e-6, 0, 0.029536)).line(), "0.003 mJ [0.000–29.536]");
  EXPECT_EQ(figure_text(measured(0, 0, 0.029536)).line(), "0.0 mJ [0.0–29.5]");
  EXPECT_EQ(figure_text(measured(0.299, 0.082, 1.283)).line(), "299 mJ [82–1,283]");
  EXPECT_EQ(figure_text(measured(0.002, -40, 60)).line(), "0.002 J [-40.000 to 60.000]");
  EXPECT_EQ(figure_text(measured(0, 0, kInfinity)).line(), "0.00 J [≥ 0.00]");
}

TEST(FigureText, AValueIsNotPrintedAsNothing) {
  EXPECT_EQ(figure_text(measured(2.32e-3, 0, 2.82e11)).line(), "2.32 mJ [0–282 GJ]");
  EXPECT_EQ(figure_text(measured(1.11e-3, 4e-9, 19'402)).line(), "1.11 mJ [4.00 nJ–19.4 kJ]");
  EXPECT_EQ(figure_text(measured(-2e-3, -3e4, 20)).line(), "-2.00 mJ [-30.0 kJ to 20.0 J]");
}

// A missing reading is never zero, and a bound of nothing is none: not of one figure, and not of a sum of absences.
TEST(FigureText, AnAbsenceIsAWordAndNoZero) {
  const Reason none{"sensor.none", "no sensor covers what was asked for", "name one"};
  const Quantity parts[] = {Quantity::absent("J", none), Quantity::absent("J", none)};
  EXPECT_EQ(figure_text(Quantity::absent("J", none, 0)).value, "no reading");
  EXPECT_EQ(figure_text(sum(parts)).value, "no reading");
  EXPECT_FALSE(sum(parts).known_lo.has_value());
  const Quantity some[] = {measured(3, 2, 4), Quantity::absent("J", none)};
  EXPECT_EQ(figure_text(sum(some)).value, "≥ 2.00 J");
}

TEST(FigureText, SaysWhatWasTakenOff) {
  EXPECT_EQ(taken_off("RAPL, less 40 W at rest"), "less 40 W at rest");
  EXPECT_EQ(taken_off("RAPL, lessened"), "");
}

TEST(FigureText, SaysWhetherAnIntervalIsABoundOrOpenOrNone) {
  Quantity bound = measured(5, 4, kInfinity);
  bound.level = 1;
  EXPECT_EQ(figure_text(bound).full(), "5.00 J [≥ 4.00] bound measured");
  EXPECT_EQ(figure_text(Quantity::exact(3, "J")).full(), "3.00 J measured");
  EXPECT_EQ(figure_text(measured(0.01, -0.02, 0.03, "1")).interval, "-0.0200 to 0.0300");
}

TEST(FigureText, ShowsASmallChangeAsAShare) {
  const FigureText text = figure_text(measured(0.0175, -0.01, 0.025, "1"), RatioStyle::percent);
  EXPECT_EQ(text.full(), "1.75 % [-1.00 to 2.50] 95 % measured");
}

TEST(FigureText, AnAbsenceIsAWordAndNeverANumber) {
  const Reason reason{"sensor.reset", "the counter was reset", "run again"};
  const FigureText none = figure_text(Quantity::absent("J", reason));
  EXPECT_EQ(none.full(), "no reading (sensor.reset)");
  EXPECT_EQ(figure_text(Quantity::absent("J", {"bought.nothing", "", ""})).value, "no figure");
  EXPECT_EQ(none.why, reason.message);
  EXPECT_EQ(none.cure, reason.cure);
  EXPECT_EQ(figure_text(Quantity::absent("J", reason, 1500)).line(), "≥ 1.50 kJ (sensor.reset)");
}

// What is printed reads back as the value, to half of the last printed digit.
RC_GTEST_PROP(FigureText, ReadsBackWithinItsDigits, ()) {
  const double value = std::pow(10.0, *rc::gen::inRange(-80, 110) / 10.0);
  const double spread = *rc::gen::inRange(1, 90) / 100.0;
  const FigureText text = figure_text(measured(value, value * (1 - spread), value * (1 + spread)));
  const auto blank = text.value.find(' ');
  std::string number = text.value.substr(0, blank);
  std::erase(number, ',');
  const std::string unit = text.value.substr(blank + 1);
  const double factor = unit == "GJ"   ? 1e9
                        : unit == "MJ" ? 1e6
                        : unit == "kJ" ? 1e3
                        : unit == "J"  ? 1
                        : unit == "mJ" ? 1e-3
                        : unit == "µJ" ? 1e-6
                                       : 1e-9;
  const auto shown = parse_double(number);
  RC_ASSERT(shown.has_value());
  RC_ASSERT(std::abs(*shown * factor - value) <= value * 0.0051);
}

TEST(PlainTexts, DurationsCountsBytes) {
  EXPECT_EQ(duration_text(0.0123), "12.3 ms");
  EXPECT_EQ(duration_text(0.99951), "1 s");
  EXPECT_EQ(duration_text(12.34), "12.3 s");
  EXPECT_EQ(duration_text(59.97), "1 min 00 s");
  EXPECT_EQ(duration_text(200), "3 min 20 s");
  EXPECT_EQ(duration_text(3840), "1 h 04 min");
  EXPECT_EQ(duration_text(-1), "unknown");
  EXPECT_EQ(count_text(1'234'567), "1,234,567");
  EXPECT_EQ(count_text(-1'234), "-1,234");
  EXPECT_EQ(number_text(56.72), "56.7");
  EXPECT_EQ(bytes_text(412'000'000), "412 MB");
}

// Files hold kilograms and kilowatt hours; a screen shows what fits.
TEST(Figure, UnitsWithAPrefixOfTheirOwn) {
  const auto shown = [](double value, const char* unit) { return figure_text(Quantity::exact(value, unit)).value; };
  EXPECT_EQ(shown(0.00345, "kgCO2e"), "3.45 gCO2e");
  EXPECT_EQ(shown(12, "kgCO2e"), "12.0 kgCO2e");
  EXPECT_EQ(shown(24'700, "kgCO2e"), "24.7 tCO2e");
  EXPECT_EQ(shown(5e6, "kgCO2e"), "5,000 tCO2e");
  EXPECT_EQ(shown(0.5, "kWh"), "500 Wh");
  EXPECT_EQ(shown(433.2, "MWh"), "433 MWh");
  EXPECT_EQ(shown(381, "gCO2e/kWh"), "381 gCO2e/kWh");
}

}  // namespace
}  // namespace joulebook
