#include "export/card/carbon.h"

#include <vector>

#include "account/footprint/reckon.h"

namespace joulebook::card {
namespace {

constexpr double kGramsPerKwh = 3.6e9;  // of 1 kg/J: 1000 g/kg x 3.6e6 J/kWh

const Reason kNoGrid{"card.no_grid", "no electricity grid is named, so no joule becomes a gram",
                     "name one: joulebook card --grid DE"};
const Reason kNoAnswers{"card.no_answers", "it does not say how many answers and tokens these were", "name them in the facts file: [serving]"};

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

Quantity embodied_of(const Json& subject, const Json& hardware) {
  const auto each = quantity_from_json(hardware["embodied"]);
  if (!each) return Quantity::absent("kgCO2e", kNoAnswers);
  if (!each->present()) return Quantity::absent("kgCO2e", *each->reason);
  if (!subject["answers"].is_number()) return Quantity::absent("kgCO2e", kNoAnswers);
  return scaled(*each, subject["answers"].as_double() / 1000);
}

// Per token: the answers with a figure stand for all in O, as they do in `per_million_tokens`.
Json sci_of(const Json& subject, const Quantity& making, const account::Factor& factor, const Json& grid) {
  if (!making.present()) return to_json(making);
  const Json& tokens = subject["tokens"];
  const double all = tokens["prompt"].as_double() + tokens["output"].as_double();
  const auto operational = quantity_from_json(emitted(subject["energy"].at(0)["per_million_tokens"], factor, grid));
  if (!operational || !operational->present() || !(all > 0)) return absent("kgCO2e", kNoAnswers);
  const std::vector<Quantity> parts = {scaled(*operational, 1e-6, "token"), scaled(making, 1 / all, "token")};
  Quantity sci = sum(parts);
  sci.method = "(O + M) / R; " + sci.method;
  return to_json(sci);
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

Json carbon_of(const Json& subject, const Json& grid, const Json& hardware) {
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
  const Quantity making = embodied_of(subject, hardware);
  return out.set("embodied", to_json(making)).set("sci_consumer", grid.is_null() ? absent("kgCO2e", kNoGrid) : sci_of(subject, making, factor_of(grid), grid));
}

}  // namespace joulebook::card
