#include <gtest/gtest.h>
#include <joulebook/quantity.h>

#include <array>
#include <cmath>

#include "core/figure.h"
#include "core/json.h"

namespace joulebook {
namespace {

Quantity energy(double value, double half, std::vector<SharedPart> shared = {}) {
  Quantity q = Quantity::exact(value, "J");
  q.own = {value - half, value + half};
  q.shared = std::move(shared);
  q.boundary = "package";
  q.method = "test";
  return q;
}

TEST(Figure, SaysWhatItsQuantitySays) {
  Quantity present = energy(200, 7, {{"gain", 0.9, 1.1}, {"idle", 1.2, 0.8}});
  present.per = "request";
  present.level = 0.8;
  present.tier = Tier::modelled;
  const Quantity absent = Quantity::absent("J", {"sensor.none", "m", "c"}, 3.0);
  for (const Quantity& q : {present, energy(5, 1), absent, Quantity{}}) EXPECT_EQ(Figure(q).quantity(), q);
  EXPECT_EQ(Figure().quantity(), Quantity{});
  EXPECT_EQ(Figure(present).interval(), present.interval());
  EXPECT_TRUE(Figure(present).shares_with(Figure(present)));
  EXPECT_FALSE(Figure(present).shares_with(Figure(energy(200, 7, {{"gain", 0.9, 1.1}}))));
}

TEST(Quantity, GainCancelsInARatioAndStaysInASum) {
  const Quantity a = energy(200, 0, {{"gain", 0.9, 1.1}});
  const Quantity b = energy(100, 0, {{"gain", 0.9, 1.1}});
  const Quantity r = ratio(a, b);
  EXPECT_DOUBLE_EQ(*r.value, 2);
  EXPECT_NEAR(r.interval().width(), 0, 1e-12);
  EXPECT_EQ(r.unit, "1");
  const Quantity s = sum(std::array{a, b});
  EXPECT_NEAR(s.interval().lo, 270, 1e-9);
  EXPECT_NEAR(s.interval().hi, 330, 1e-9);
}

TEST(Quantity, DifferentPartsDoNotCancel) {
  const Quantity r =
      ratio(energy(200, 0, {{"mix:a", 0.9, 1.1}}), energy(100, 0, {{"mix:b", 0.9, 1.1}}));
  EXPECT_GT(r.interval().width(), 0.5);
}

TEST(Quantity, APartThatActsUnequallyCancelsOnlyAsFarAsItDoes) {
  // Idle watts make up all of a and half of b.
  const Quantity r =
      ratio(energy(100, 0, {{"idle", 0.8, 1.2}}), energy(100, 0, {{"idle", 0.9, 1.1}}));
  EXPECT_NEAR(r.interval().lo, 0.8 / 0.9, 1e-9);
  EXPECT_NEAR(r.interval().hi, 1.2 / 1.1, 1e-9);
}

TEST(Quantity, AbsenceSurvivesASumWithItsLowerBound) {
  const Quantity gone = Quantity::absent("J", {"sensor.reset", "reset", "repeat"}, 5.0);
  const Quantity s = sum(std::array{energy(10, 1), gone});
  EXPECT_FALSE(s.present());
  EXPECT_EQ(s.reason->code, "sensor.reset");
  EXPECT_DOUBLE_EQ(*s.known_lo, 14);
}

TEST(Quantity, BoundsAddLinearlyAndCoverageInQuadrature) {
  Quantity bound = energy(10, 3);
  bound.level = 1;
  EXPECT_DOUBLE_EQ(sum(std::array{bound, bound}).interval().width(), 12);
  EXPECT_NEAR(sum(std::array{energy(10, 3), energy(10, 4)}).interval().width(), 10, 1e-12);
}

TEST(Quantity, TheWeakestTierWins) {
  Quantity modelled = energy(1, 0);
  modelled.tier = Tier::modelled;
  EXPECT_EQ(sum(std::array{energy(1, 0), modelled}).tier, Tier::modelled);
}

TEST(Quantity, DifferenceOfEqualOffsetsCancels) {
  const Quantity d =
      difference(energy(110, 1, {{"gain", 0.9, 1.1}}), energy(10, 1, {{"gain", 0.9, 1.1}}));
  EXPECT_DOUBLE_EQ(*d.value, 100);
  EXPECT_NEAR(d.interval().lo,
              100 * std::exp(-std::hypot(std::log(0.9), std::log(1 - std::sqrt(2) / 100))), 1e-9);
}

TEST(Quantity, RatioToNothingIsAnAbsence) {
  EXPECT_EQ(ratio(energy(1, 0), energy(0, 0)).reason->code, "ratio.undefined");
}

TEST(Quantity, JsonRoundTripIsExact) {
  Quantity q = scaled(energy(12.3, 0.2, {{"gain", 0.97, 1.03}}), 1.0 / 40, "response");
  const auto back = quantity_from_json(*parse_json(to_json(q).dump()));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, q);
  const Quantity gone = Quantity::absent("J", {"a", "b", "c"}, 1.5);
  EXPECT_EQ(*quantity_from_json(to_json(gone)), gone);
  EXPECT_EQ(to_json(gone).dump(),
            R"({"value":null,"lo":1.5,"unit":"J","reason":{"code":"a","message":"b","cure":"c"}})");
}

TEST(Quantity, AnUnboundedSideIsNullAndComesBack) {
  Quantity q = energy(1, 0);
  q.own.hi = INFINITY;
  const Json json = to_json(q);
  EXPECT_TRUE(json["hi"].is_null());
  EXPECT_TRUE(std::isinf(quantity_from_json(json)->own.hi));
}

TEST(Human, PicksPrefixAfterRounding) {
  EXPECT_EQ(human(17800, "J"), "17.8 kJ");
  EXPECT_EQ(human(999.96, "J"), "1.00 kJ");
  EXPECT_EQ(human(0.000374, "J"), "374 µJ");
  EXPECT_EQ(human(512, "J"), "512 J");
  EXPECT_EQ(human(-2.5, "W"), "-2.50 W");
  EXPECT_EQ(human(0, "J"), "0 J");
  EXPECT_EQ(human(3.2e-12, "J"), "3.20 pJ");
  EXPECT_EQ(human(9.999e-13, "J"), "1.00 pJ");
  EXPECT_EQ(human(1.6e-19, "J"), "1.60e-19 J");
  EXPECT_EQ(human(1.05e14, "J"), "105 TJ");
  EXPECT_EQ(human(2e21, "J"), "2.00e+21 J");
}

TEST(Human, AnIntervalWithoutAnUpperEndIsAtLeast) {
  Quantity q = Quantity::exact(5, "J");
  q.own = {4, 6};
  EXPECT_EQ(human(q), "5.00 J [4.00 J, 6.00 J] measured");
  q.own.hi = INFINITY;
  EXPECT_EQ(human(q), "5.00 J [≥ 4.00 J] measured");
  q.own.lo = 0;
  EXPECT_EQ(human(q), "5.00 J [≥ 0 J] measured");
}

}  // namespace
}  // namespace joulebook
