// Constants: every one has a source, a date and a licence; places, providers and things are found by
// the names that people give them, and what is not known is refused with the nearest.
#include "account/factors/factors.h"

#include <gtest/gtest.h>

#include <set>

#include "account/factors/tables.h"

namespace joulebook::account {
namespace {

TEST(Factors, EveryTableIsRead) {
  const auto read = read_all_tables();
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_GT(read->size(), 700U);
  EXPECT_EQ(all_factors().size(), read->size());
}

TEST(Factors, NoneLacksSourceDateOrLicence) {
  std::set<std::string> ids;
  ASSERT_FALSE(all_factors().empty());
  for (const Factor& f : all_factors()) {
    EXPECT_FALSE(f.name.empty() || f.kind.empty() || f.boundary.empty()) << f.id;
    EXPECT_FALSE(f.source.empty()) << f.id;
    EXPECT_FALSE(f.year.empty()) << f.id;
    EXPECT_FALSE(f.licence.empty()) << f.id;
    EXPECT_FALSE(f.status.empty()) << f.id;
    EXPECT_LE(f.measure.lo, f.measure.value) << f.id;
    EXPECT_LE(f.measure.value, f.measure.hi) << f.id;
    EXPECT_TRUE(ids.insert(f.id).second) << f.id << " twice";
    EXPECT_EQ(factor(f.id).value(), &f);
  }
}

TEST(Factors, AnUnknownIdNamesItsNearest) {
  const auto none = factor("pue.gogle-cloud");
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, "factor.unknown");
  EXPECT_NE(none.error().cure.find("pue.google-cloud"), std::string::npos) << none.error().cure;
}

TEST(Grid, ManyNamesOnePlace) {
  const Factor* germany = grid_intensity("Germany", GridKind::direct).value();
  EXPECT_EQ(germany->id, "grid.DEU.direct.2023");
  EXPECT_NEAR(germany->measure.value * 3.6e9, 380.95, 1e-9);  // kg/J -> g/kWh
  for (const char* name : {"DE", "DEU", "germany", " de "}) {
    EXPECT_EQ(grid_intensity(name, GridKind::direct).value(), germany) << name;
  }
  EXPECT_EQ(grid_intensity("UK", GridKind::direct).value(), grid_intensity("GB", GridKind::direct).value());
  EXPECT_EQ(grid_intensity("world", GridKind::lifecycle).value()->id, "grid.WOR.lifecycle");
}

TEST(Grid, DirectAndLifeCycleAreNeverMixed) {
  for (const Factor& f : all_factors()) {
    if (f.kind == "grid.direct") {
      EXPECT_NE(f.id.find(".direct"), std::string::npos) << f.id;
    }
    if (f.kind == "grid.lifecycle") {
      EXPECT_NE(f.id.find(".lifecycle"), std::string::npos) << f.id;
    }
  }
  EXPECT_NE(grid_intensity("DE", GridKind::direct).value(), grid_intensity("DE", GridKind::lifecycle).value());
  const auto none = grid_intensity("Aruba", GridKind::lifecycle);
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, "grid.no_factor");
  EXPECT_NE(none.error().cure.find("direct"), std::string::npos);
}

TEST(Grid, AnUnknownPlaceNamesItsNearest) {
  const auto none = grid_intensity("Germoney", GridKind::direct);
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, "grid.unknown");
  EXPECT_NE(none.error().cure.find("germany"), std::string::npos) << none.error().cure;
}

TEST(Site, ProviderAndRegion) {
  EXPECT_DOUBLE_EQ(site("Google Cloud", "").value().pue->measure.value, 1.09);
  EXPECT_DOUBLE_EQ(site("azure", "").value().pue->measure.value, 1.2);
  const SiteFactors cape = site("aws", "af-south-1").value();
  EXPECT_DOUBLE_EQ(cape.pue->measure.value, 1.24);
  EXPECT_NEAR(cape.wue->measure.value * 3.6e9, 0.18, 1e-12);  // m3/J -> L/kWh
  EXPECT_EQ(site("oracle", "").value().wue, nullptr);  // not published
  EXPECT_EQ(site("gogle", "").error().code, "provider.unknown");
  EXPECT_EQ(site("aws", "us-eest-1").error().code, "region.unknown");
  EXPECT_NE(site("aws", "us-eest-1").error().cure.find("us-east-1"), std::string::npos);
}

TEST(Equivalents, SourcesThatDifferStandSideBySide) {
  EXPECT_EQ(equivalents("Smartphone charge").value().size(), 2U);
  EXPECT_EQ(equivalents("smartphone").value().size(), 2U);
  EXPECT_EQ(equivalents("Smartfone charge").error().code, "equivalent.unknown");
}

TEST(Factors, AUnionOfPlacesHasNoGridOfItsOwn) {
  for (const char* place : {"EU", "Europe", "European Union"}) {
    const auto g = grid_intensity(place, GridKind::direct);
    ASSERT_FALSE(g);
    EXPECT_NE(g.error().cure.find("name a country"), std::string::npos) << g.error().cure;
  }
  const auto span = intensity_span(GridKind::direct);
  EXPECT_NEAR(span.lo, 20e-3 / 3.6e6, 1e-12);
  EXPECT_GT(span.hi, 700e-3 / 3.6e6);
}

}  // namespace
}  // namespace joulebook::account
