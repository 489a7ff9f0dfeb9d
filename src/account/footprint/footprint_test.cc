// Joules to grams, litres and money: linear, whatever the unit; presets in order; kinds never mixed.
#include "account/footprint/footprint.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

namespace joulebook::account {
namespace {

Quantity joules(double value) {
  Quantity q = Quantity::exact(value, "J");
  q.level = 1;
  q.boundary = "it";
  q.method = "stated";
  return q;
}

Terms german() {
  Terms t;
  EXPECT_TRUE(set_place(t, "DE"));
  EXPECT_TRUE(set_site(t, "aws", "eu-central-1"));
  t.market = given("market", "contract", "grid.market", intensity_of("20 g/kWh", "--market").value(), "--market");
  t.price = given("price", "price", "price", measure_in("0.25 EUR/kWh", "EUR/kWh", "--price").value(), "--price");
  HardwareUse use;
  use.device = "A100";
  use.time = Quantity::exact(3600, "s");
  t.hardware = use;
  return t;
}

double value(const Footprint& f, std::string_view id) { return figure_of(f, id)->value.value(); }

TEST(Footprint, OneKilowattHourInGermany) {
  Terms t;
  ASSERT_TRUE(set_place(t, "DE"));
  t.overheads.pue = given("pue", "PUE", "pue", pue_of("1.1").value(), "--pue 1.1");
  t.water_on = given("wue", "WUE", "wue.onsite", measure_in("0.2 L/kWh", "L/kWh", "--wue").value(), "--wue");
  const Footprint f = footprint(joules(3.6e6), Preset::it, Preset::facility, t).value();
  EXPECT_NEAR(value(f, "energy"), 3.96e6, 1e-6);
  EXPECT_NEAR(value(f, "carbon.location.direct"), 1.1 * 0.38095, 1e-12);
  EXPECT_NEAR(value(f, "carbon.location.lifecycle"), 1.1 * 0.34414, 1e-12);
  // E x (WUE_on + PUE x WUE_off), in m3.
  EXPECT_NEAR(value(f, "water"), 1e-3 * (0.2 + 1.1 * 1.947), 1e-12);
  EXPECT_EQ(figure_of(f, "carbon.market")->reason->code, "market.none");
  EXPECT_EQ(figure_of(f, "money")->reason->code, "price.none");
  EXPECT_EQ(figure_of(f, "carbon.embodied")->reason->code, "embodied.none");
}

TEST(Footprint, GoogleParts) {
  // 0.14 Wh of accelerators: with host 0.20; with idle reserve and building 0.24.
  const Overheads o = published_overheads();
  const Quantity accelerators = joules(0.14 * 3600);
  EXPECT_NEAR(*across(accelerators, Preset::gpu, Preset::it, o).value / 3600, 0.20, 1e-9);
  const Quantity all = across(accelerators, Preset::gpu, Preset::full_stack, o);
  EXPECT_NEAR(*all.value / 3600, 0.24, 0.0005);
  EXPECT_LT(all.interval().lo, *all.value);
  EXPECT_GT(all.interval().hi, *all.value);
  const Quantity back = across(all, Preset::full_stack, Preset::gpu, o);
  EXPECT_NEAR(*back.value, *accelerators.value, 1e-9);
  // There and back again, what the way takes cancels.
  EXPECT_NEAR(back.interval().lo, *accelerators.value, 1e-9);
  EXPECT_NEAR(back.interval().hi, *accelerators.value, 1e-9);
}

TEST(Footprint, KindsAreNeverPutInEachOthersPlace) {
  Terms t;
  ASSERT_TRUE(set_place(t, "Aruba"));  // has a direct factor alone
  const Footprint f = footprint(joules(1), Preset::it, Preset::it, t).value();
  EXPECT_TRUE(figure_of(f, "carbon.location.direct")->present());
  EXPECT_FALSE(figure_of(f, "carbon.location.lifecycle")->present());
  EXPECT_FALSE(figure_of(f, "carbon.market")->present());
}

TEST(Footprint, ScopesAndSci) {
  const Footprint ghg = footprint(joules(1e6), Preset::it, Preset::ghg, german()).value();
  EXPECT_EQ(value(ghg, "carbon.scope2.location"), value(ghg, "carbon.location.direct"));
  EXPECT_EQ(value(ghg, "carbon.scope3.capital"), value(ghg, "carbon.embodied"));
  EXPECT_EQ(figure_of(ghg, "carbon.scope3.fuel")->reason->code, "scope3.never_mixed");
  const Footprint sci = footprint(joules(1e6), Preset::it, Preset::sci_ai, german()).value();
  EXPECT_NEAR(value(sci, "carbon.sci"), value(sci, "carbon.location.direct") + value(sci, "carbon.embodied"), 1e-12);
}

TEST(Footprint, MakingByShareOfLife) {
  Terms t;
  HardwareUse use;
  use.device = "H100";
  use.devices = 8;
  use.time = Quantity::exact(365.25 * 86400, "s");
  use.lifetime = given("lifetime", "lifetime", "lifetime", Measure::parse("4 years").value(), "--lifetime");
  use.utilisation = given("utilisation", "utilisation", "utilisation", Measure::parse("0.5").value(), "--utilisation");
  t.hardware = use;
  const Footprint f = footprint(joules(1), Preset::it, Preset::it, t).value();
  EXPECT_NEAR(value(f, "carbon.embodied"), 8 * (164 + 712.5) / 4 / 0.5, 1e-6);
  EXPECT_EQ(figure_of(f, "antimony.embodied")->reason->code, "embodied.unknown");
  EXPECT_EQ(figure_of(f, "water.embodied")->reason->code, "embodied.unknown");
}

TEST(Footprint, EveryConstantThatWasTakenIsListed) {
  const Footprint f = footprint(joules(1e6), Preset::gpu, Preset::full_stack, german()).value();
  for (const char* id : {"boundary.host", "boundary.idle", "grid.DEU.direct.2023", "grid.DEU.lifecycle", "wue.offsite.DEU", "market", "price"}) {
    EXPECT_TRUE(std::ranges::find(f.constants, id, &Factor::id) != f.constants.end()) << id;
  }
  for (const Factor& c : f.constants) {
    EXPECT_FALSE(c.source.empty() || c.year.empty() || c.licence.empty()) << c.id;
  }
}

TEST(Footprint, BadInputHasACure) {
  EXPECT_EQ(pue_of("-1.1").error().code, "pue.range");
  EXPECT_EQ(pue_of("0.9").error().code, "pue.range");
  EXPECT_EQ(intensity_of("0.8 lb/kWh", "--grid").error().code, "unit.pounds");
  const auto pounds = intensity_of("800 lb CO2e/MWh", "--grid");
  EXPECT_EQ(pounds.error().code, "unit.pounds");
  EXPECT_NE(pounds.error().cure.find("362.874"), std::string::npos) << pounds.error().cure;
  EXPECT_EQ(measure_in("-1 J", "J", "--energy").error().code, "value.negative");
  EXPECT_EQ(measure_in("5 W", "J", "--energy").error().code, "unit.mismatch");
  for (const auto& e : {pue_of("x").error(), intensity_of("12", "--grid").error(), measure_in("5 W", "J", "--energy").error()}) {
    EXPECT_FALSE(e.cure.empty()) << e.message;
  }
}

RC_GTEST_PROP(FootprintProperties, Linear, ()) {
  const Terms t = german();
  const double e = *rc::gen::inRange(1, 1'000'000), k = *rc::gen::inRange(1, 1000);
  const Preset preset = *rc::gen::element(Preset::gpu, Preset::it, Preset::facility, Preset::full_stack);
  const Footprint one = footprint(joules(e), Preset::it, preset, t).value();
  const Footprint many = footprint(joules(k * e), Preset::it, preset, t).value();
  for (const NamedFigure& f : one.figures) {
    if (!f.figure.present() || f.id.ends_with("embodied")) continue;
    const double scaled = value(many, f.id);
    RC_ASSERT(std::abs(scaled - k * *f.figure.value) <= 1e-12 * std::abs(scaled));
  }
}

RC_GTEST_PROP(FootprintProperties, TheUnitDoesNotMatter, ()) {
  const int wh = *rc::gen::inRange(1, 1'000'000);
  const auto same = [](const std::string& a, const std::string& b, const char* unit) {
    const double x = measure_in(a, unit, "").value().value, y = measure_in(b, unit, "").value().value;
    RC_ASSERT(std::abs(x - y) <= 1e-12 * x);
  };
  same(std::to_string(wh) + " Wh", std::to_string(wh * 3600LL) + " J", "J");
  same(std::to_string(wh) + " Wh", std::to_string(wh) + "e-3 kWh", "J");
  const double g = intensity_of(std::to_string(wh) + " g/kWh", "").value().value;
  const double kg = intensity_of(std::to_string(wh) + " kgCO2e/MWh", "").value().value;
  RC_ASSERT(std::abs(g - kg) <= 1e-12 * g);
}

RC_GTEST_PROP(FootprintProperties, PresetsAreInOrder, ()) {
  Terms t = german();
  t.overheads.pue = given("pue", "PUE", "pue", pue_of(std::to_string(*rc::gen::inRange(100, 300) / 100.0)).value(), "--pue");
  const Preset from = *rc::gen::element(Preset::gpu, Preset::it, Preset::facility, Preset::full_stack);
  const Footprint f = footprint(joules(*rc::gen::inRange(1, 1'000'000)), from, from, t).value();
  double before = 0;
  for (const PresetFigure& p : f.presets) {
    if (p.preset == Preset::sci_ai) break;
    RC_ASSERT(*p.energy.value >= before);
    RC_ASSERT(p.energy.interval().lo <= *p.energy.value && *p.energy.value <= p.energy.interval().hi);
    if (p.preset == from) RC_ASSERT(*p.factor.value == 1);
    before = *p.energy.value;
  }
}

}  // namespace
}  // namespace joulebook::account
