#include "account/audit/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "account/audit/judge.h"

namespace joulebook::account {
namespace {

// Errors of the recipe's author; all others are inputs that are missing.
bool is_authors(const Error& e) {
  for (const std::string_view code : {"recipe.syntax", "recipe.unknown", "recipe.argument", "recipe.circle", "recipe.deep", "recipe.dimension", "recipe.number",
                                      "recipe.rows", "recipe.boundary", "factor.unknown", "unit.unknown", "equivalent.unknown", "region.unknown", "provider.unknown", "grid.unknown"}) {
    if (e.code == code) return true;
  }
  return false;
}

// What nobody wrote contradicts nobody: more has to be said.
Error another_kind(const Claim& claim, const std::string& recipe, const Dimension& implied) {
  const auto slip = converted(Measure::exact(1, {1, implied, ""}), claim.value.unit);
  return {ErrorKind::input, "claim.kind", fmt::format("the claim is in {}, its inputs ({}) in {}: {}", claim.value.unit.dimension.text(), recipe, implied.text(), slip ? "" : slip.error().cure),
          "add the amount that is between them under [inputs], and [recipe] with value = \"...\""};
}

// Why unit and inputs imply no recipe, where that can be told.
std::optional<Error> nothing_implied(const Claim& claim) {
  const Facts f(claim);
  if (!f.carbon_per() || f.text("grid_basis") != "market") return std::nullopt;
  return Error{ErrorKind::input, "claim.market", "carbon by contract follows from no place: the contract's intensity is missing", "add intensity = \"... gCO2e/kWh\" under [inputs]"};
}

Status compute_range(Audit& a) {
  a.recipe.clear();
  Claim claim = a.claim;
  if (claim.recipe.empty()) {
    const std::string implied = implied_recipe(claim);
    if (implied.empty()) {
      a.not_computed = nothing_implied(claim);
      return {};
    }
    claim.recipe = {{"value", implied, 0}};
    a.implied_recipe = true;
  }
  for (const RecipeLine& line : claim.recipe) {
    if (line.name == "value") a.recipe = line.expression;
  }
  auto computed = compute(claim);
  if (computed && a.implied_recipe && !same_kind(computed->best.dimension, claim.value.unit.dimension)) {
    computed = fail(another_kind(claim, a.recipe, computed->best.dimension));
  }
  if (computed) {
    a.computed = std::move(*computed);
    return {};
  }
  if (is_authors(computed.error()) && !a.implied_recipe) return fail(computed.error());
  a.not_computed = computed.error();
  return {};
}

// What a reader would have to ask.
std::vector<std::string> asked(const Audit& a) {
  const Facts f(a.claim);
  std::vector<std::string> missing;
  const auto ask = [&](std::string_view name) {
    if (!f.has(name)) missing.push_back(fmt::format("{}?", name));
  };
  const auto per = f.energy_per();
  if (a.claim.boundary == "not stated") missing.emplace_back("boundary?");
  if (per == "response" || per == "token") {
    if (!f.has("parameters") && !f.has("active_parameters")) ask("model");
    for (const char* name : {"gpu", "gpus", "batch", "output_tokens", "input_tokens", "weights"}) ask(name);
    if (a.claim.boundary != "gpu" && a.claim.boundary != "full stack") missing.emplace_back("idle?");
  } else if (per == "image" || per == "video") {
    for (const char* name : {"model", "gpu", "batch"}) ask(name);
  }
  if (per && a.claim.boundary != "gpu" && a.claim.boundary != "node" && a.claim.boundary != "server") ask("pue");
  if (f.has("training_tokens") || f.has("gpu_hours")) {
    for (const char* name : {"gpu", "training_tokens"}) ask(name);
    for (const char* name : {"gpu_hours", "mean_power"}) {
      if (!f.is_device_time()) ask(name);
    }
  }
  if (f.carbon_per()) {
    ask("energy");
    if (!f.has("intensity")) ask("grid");
  }
  return missing;
}

std::vector<std::string> narrowing(const Audit& a) {
  std::vector<std::string> names;
  if (!a.computed) return names;
  constexpr double kWorthNaming = 1.05;
  for (const Contribution& c : a.computed->contributions) {
    if (c.factor < kWorthNaming) continue;
    names.push_back(std::isfinite(c.factor) ? fmt::format("{} ({} times)", c.input, short_number(c.factor)) : c.input);
  }
  return names;
}

Claim scaled_claim(Claim claim, double times) {
  Measure& v = claim.value;
  for (double* x : {&v.value, &v.lo, &v.hi, &v.rounding}) *x *= times;
  v.stated = fmt::format("{:g} x {}", times, v.stated);
  return claim;
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::reproduced:
      return "reproduced";
    case Verdict::consistent:
      return "consistent";
    case Verdict::inconsistent:
      return "inconsistent";
    case Verdict::not_checkable:
      return "not checkable";
  }
  return "not checkable";
}

Result<Audit> audit(const Claim& claim) {
  Audit a;
  a.claim = claim;
  if (auto ok = compute_range(a); !ok) return fail(ok.error());
  a.findings = run_rules(claim);
  a.judged = judge(claim, a.computed, a.not_computed, a.findings);
  a.missing = asked(a);
  a.narrowing = narrowing(a);
  if (a.computed && !a.judged.within) a.slips = probable_slips(Facts(claim), a.computed->lo, a.computed->best.value, a.computed->hi);
  for (const double times : {10.0, 0.1}) {
    const Claim other = scaled_claim(claim, times);
    a.tried.push_back({times, judge(other, a.computed, a.not_computed, run_rules(other))});
  }
  return a;
}

}  // namespace joulebook::account
