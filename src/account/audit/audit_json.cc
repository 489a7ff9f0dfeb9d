#include "account/audit/audit.h"
#include "account/audit/judge.h"
#include "core/modelled.h"
#include "core/reason.h"

namespace joulebook::account {
namespace {

// Unit and denominator of an amount in base units: "J" per "response".
std::pair<std::string, std::string> unit_of(const Dimension& d) {
  Dimension above = d;
  std::string per;
  for (const auto& [base, power] : d.powers) {
    if (power != -1 || base == "s" || base == "J" || !per.empty()) continue;
    per = base;
    above.powers.erase(base);
  }
  Dimension watt;
  watt.powers = {{"J", 1}, {"s", -1}};
  if (above == watt) return {"W", per};
  return {above.text(), per};
}

Json quantity(double value, Interval own, double level, const Dimension& d, Tier tier, const std::string& boundary, std::string method) {
  const auto [unit, per] = unit_of(d);
  Quantity q = Quantity::exact(value, unit);
  q.own = own;
  q.level = level;
  q.per = per;
  q.tier = tier;
  q.boundary = boundary;
  q.method = std::move(method);
  return joulebook::to_json(q);
}

Json stated_json(const Claim& c) {
  const Measure& v = c.value;
  return quantity(v.value, {v.lo - v.rounding, v.hi + v.rounding}, 1, v.unit.dimension, Tier::published, c.boundary,
                  "as stated" + (c.who.empty() ? "" : " by " + c.who) + ", within its rounding");
}

Json recomputed_json(const Audit& a) {
  if (!a.computed) {
    const Error e = a.not_computed.value_or(Error{ErrorKind::input, "claim.no_recipe", "it has no recipe, and its unit and inputs imply none", "add [recipe] with value = \"...\""});
    return joulebook::to_json(Quantity::absent("J", reason_of(e)));
  }
  const Computed& c = *a.computed;
  const Tier tier = c.trace.published && !c.trace.modelled ? Tier::published : Tier::modelled;
  return quantity(c.best.value, {c.lo, c.hi}, c.trace.modelled ? 0.99 : 1, c.best.dimension, tier, a.claim.boundary,
                  "recipe " + a.recipe + (a.implied_recipe ? " (implied by unit and inputs)" : "") + ", corners and seeded points");
}

Json texts(const std::vector<std::string>& all) {
  Json array{Json::Array{}};
  for (const std::string& t : all) array.push(t);
  return array;
}

Json finding_json(const Finding& f) {
  Json json = Json::object({{"rule", f.rule}, {"state", to_string(f.state)}, {"message", f.message}, {"inputs", texts(f.inputs)}, {"by", f.by}});
  if (!f.source.empty()) json.set("source", f.source);
  return json;
}

Json claim_json(const Claim& c) {
  return Json::object({{"id", c.id}, {"text", c.text}, {"who", c.who}, {"when", c.when}, {"source", c.source}, {"boundary", c.boundary},
                       {"basis", c.basis}, {"value", c.value.stated}, {"note", c.note}});
}

Json tried_json(const Audit& a) {
  Json array{Json::Array{}};
  for (const Tried& t : a.tried) {
    array.push(Json::object({{"times", t.times}, {"verdict", to_string(t.judged.verdict)}, {"within_range", t.judged.within}, {"because", t.judged.because}}));
  }
  return array;
}

Json sources_json(const Trace& trace) {
  Json array{Json::Array{}};
  for (const UsedSource& s : trace.sources) array.push(Json::object({{"what", s.what}, {"value", s.value}, {"source", s.source}}));
  return array;
}

}  // namespace

Json to_json(const Audit& a) {
  Json json = Json::object({{"claim", claim_json(a.claim)}, {"verdict", to_string(a.judged.verdict)}, {"because", a.judged.because},
                            {"stated", stated_json(a.claim)}, {"recomputed", recomputed_json(a)}, {"within_range", a.judged.within}, {"off", a.judged.off}});
  // As people read it, in the claim's own unit.
  const bool kind = a.computed && same_kind(a.computed->best.dimension, a.claim.value.unit.dimension);
  json.set("recomputed_text", kind ? Json(range_in_unit(a.claim, *a.computed)) : Json());
  json.set("best_text", kind ? Json(in_unit(a.claim, a.computed->best.value)) : Json());
  Json assumed{Json::Array{}}, contributions{Json::Array{}};
  if (a.computed) {
    for (const auto& name : a.computed->trace.assumed) assumed.push(name);
    for (const Contribution& c : a.computed->contributions) contributions.push(Json::object({{"input", c.input}, {"factor", c.factor}}));
    json.set("sources", sources_json(a.computed->trace));
  }
  json.set("recipe", a.recipe.empty() ? Json() : Json(a.recipe));
  json.set("recipe_implied", a.implied_recipe);
  json.set("assumed", std::move(assumed)).set("contributions", std::move(contributions));
  json.set("missing", texts(a.missing)).set("probable_slips", texts(a.slips)).set("tried", tried_json(a));
  Json findings{Json::Array{}};
  for (const Finding& f : a.findings) findings.push(finding_json(f));
  return json.set("rules", std::move(findings));
}

Json audits_json(std::span<const Audit> audits) {
  Json all{Json::Array{}};
  std::int64_t counts[4] = {};
  for (const Audit& a : audits) {
    all.push(to_json(a));
    ++counts[static_cast<std::size_t>(a.judged.verdict)];
  }
  return Json::object({{"schema", "joulebook.audit/1"}, {"audits", std::move(all)},
                       {"reproduced", counts[0]}, {"consistent", counts[1]}, {"inconsistent", counts[2]}, {"not_checkable", counts[3]},
                       {"refused", Json::array()}});
}

}  // namespace joulebook::account
