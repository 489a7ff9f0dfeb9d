#include "export/card/carbon.h"

#include "account/footprint/reckon.h"

namespace joulebook::card {
namespace {

constexpr double kGramsPerKwh = 3.6e9;  // of 1 kg/J: 1000 g/kg x 3.6e6 J/kWh

const Reason kNoGrid{"card.no_grid", "no electricity grid is named, so no joule becomes a gram",
                     "name one: joulebook card --grid DE"};
const Reason kNoEmbodied{"card.no_embodied", "what making the hardware took is not in this card",
                         "joulebook account --hardware NAME reckons it"};

Json absent(const char* unit, const Reason& reason) { return to_json(Quantity::absent(unit, reason)); }

account::Factor factor_of(const Json& grid) {
  account::Factor f;
  f.id = grid["id"].as_string();
  f.measure.value = grid["kg_per_j"].as_double();
  f.measure.lo = grid["kg_per_j_lo"].as_double();
  f.measure.hi = grid["kg_per_j_hi"].as_double();
  return f;
}

Json emitted(const Json& energy, const account::Factor& factor, const Json& grid) {
  const auto q = quantity_from_json(energy);
  if (!q) return absent("kgCO2e", kNoGrid);
  return to_json(account::times(*q, factor,
                                {"kgCO2e", q->boundary,
                                 std::string("energy x ") + factor.id + ", " + std::string(grid["kind"].as_string()) +
                                     ", by location, no PUE; " + q->method}));
}

Json intensity(const account::Factor& factor, const Json& grid) {
  Quantity q = Quantity::exact(factor.measure.value * kGramsPerKwh, "gCO2e/kWh");
  q.own = {factor.measure.lo * kGramsPerKwh, factor.measure.hi * kGramsPerKwh};
  q.tier = Tier::published;
  q.method = grid["source"].as_string();
  return to_json(q);
}

}  // namespace

Result<Json> stated_grid(const std::string& place, account::GridKind kind) {
  const auto found = account::grid_intensity(place, kind);
  if (!found) return fail(found.error());
  const account::Factor& f = **found;
  return Json::object({{"place", place},
                       {"kind", kind == account::GridKind::direct ? "direct" : "lifecycle"},
                       {"id", f.id},
                       {"name", f.name},
                       {"kg_per_j", f.measure.value},
                       {"kg_per_j_lo", f.measure.lo},
                       {"kg_per_j_hi", f.measure.hi},
                       {"year", f.year},
                       {"source", f.source},
                       {"licence", f.licence}});
}

Json carbon_of(const Json& subject, const Json& grid) {
  const Json& basis = subject["energy"].at(0);
  Json out = Json::object();
  if (grid.is_null()) {
    out.set("operational", absent("kgCO2e", kNoGrid));
    out.set("operational_per_1000_requests", absent("kgCO2e", kNoGrid)).set("intensity", absent("gCO2e/kWh", kNoGrid));
  } else {
    const account::Factor factor = factor_of(grid);
    out.set("operational", emitted(basis["total"], factor, grid));
    out.set("operational_per_1000_requests", emitted(basis["per_1000_requests"], factor, grid));
    out.set("intensity", intensity(factor, grid));
  }
  return out.set("embodied", absent("kgCO2e", kNoEmbodied))
      .set("sci_consumer", absent("kgCO2e", grid.is_null() ? kNoGrid : kNoEmbodied));
}

}  // namespace joulebook::card
