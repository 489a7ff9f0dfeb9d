// Rules of method: protocols, overheads, comparisons.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "account/audit/rules.h"
#include "account/factors/factors.h"

namespace joulebook::account {
namespace {

using State = RuleState;

}  // namespace

std::optional<Finding> fixed_length_rule(const Facts& f) {
  const auto least = f.amount("min_tokens"), most = f.amount("max_tokens"), other = f.amount("other_max_tokens");
  if (!most && !least) return std::nullopt;
  if (!least || !most) return finding(State::unknown, "min_tokens and max_tokens belong together", {"min_tokens", "max_tokens"});
  if (*least < *most) return finding(State::passes, fmt::format("answers of {:g} to {:g} tokens", *least, *most), {"min_tokens", "max_tokens"});
  std::string what = fmt::format("every answer is pinned to {:g} tokens: no answer's own length was measured", *most);
  double by = 1;
  if (other) {
    by = std::max(*other / *most, *most / *other);
    what += fmt::format("; the other arm may write {:g}, so up to {:.4g} times is the protocol's", *other, by);
  }
  if (f.energy_per() == "token") return finding(State::notes, what, {"min_tokens", "max_tokens"}, by);
  return finding(State::blocks, what, {"min_tokens", "max_tokens", "other_max_tokens"}, by, "AIEnergyScore reasoning_helpers");
}

// The value against the energy that it follows from: once the building, or twice?
std::optional<Finding> pue_rule(const Facts& f) {
  const auto pue = f.amount("pue");
  if (!pue) return std::nullopt;
  const bool hours = f.has("gpu_hours");
  auto energy = f.has("energy") ? f.amount("energy") : hours ? f.energy_of_hours() : f.energy_of_power();
  const char* time = hours ? "gpu_hours" : f.energy_per() == "token" ? "tokens_per_second" : "duration";
  const std::string how = f.has("energy") ? f.said("energy") : f.said(time) + " at " + f.said("mean_power");
  if (!energy) return std::nullopt;
  double value = f.value();
  std::vector<std::string> inputs{"value", f.has("energy") ? "energy" : time, "pue"};
  if (f.carbon_per()) {
    if (!f.has("intensity")) return std::nullopt;
    value /= *f.amount("intensity");
    inputs.emplace_back("intensity");
  } else if (!f.energy_per()) {
    return std::nullopt;
  }
  const double ratio = value / *energy;
  const double slack = 0.01 + f.claim().value.rounding / std::abs(f.value());
  const auto is = [&](double x) { return std::abs(ratio / x - 1) <= slack; };
  const bool inside = f.text("energy_boundary") == "facility";
  const std::string what = fmt::format("{} is {:.4g} times {}", f.claim().value.stated, ratio, how);
  if (*pue < 1.01 + slack) return finding(State::unknown, what + ": the PUE is too near 1 to be seen twice", inputs);
  if (inside && is(*pue)) return finding(State::fails, fmt::format("{}, which holds the building already: {} was counted twice", what, f.said("pue")), inputs, *pue);
  if (!inside && is(*pue * *pue)) return finding(State::fails, fmt::format("{}, the square of {}: it was counted twice", what, f.said("pue")), inputs, *pue);
  if (inside ? is(1) : (is(1) || is(*pue))) return finding(State::passes, what + ", " + f.said("pue"), inputs);
  return finding(State::unknown, fmt::format("{}: neither 1 nor {} nor its square", what, f.said("pue")), inputs);
}

std::optional<Finding> server_factor_rule(const Facts& f) {
  const auto said = f.measure("server_factor");
  if (!said) return std::nullopt;
  const auto known = boundary_factor("server");
  if (!known) return finding(State::unknown, known.error().message, {"server_factor"});
  const std::string what = fmt::format("{} for the server, where {:.3g} to {:.3g} was measured", f.said("server_factor"), known->lo, known->hi);
  if (said->lo > known->hi) return finding(State::notes, fmt::format("{}: {:.3g} times high", what, said->lo / known->hi), {"server_factor"}, said->lo / known->hi, known->source);
  if (said->hi < known->lo) return finding(State::notes, fmt::format("{}: {:.3g} times low", what, known->lo / said->hi), {"server_factor"}, known->lo / said->hi, known->source);
  return finding(State::passes, what, {"server_factor"}, 1, known->source);
}

std::optional<Finding> equivalent_rule(const Facts& f) {
  const std::string item = f.text("equivalent");
  if (item.empty()) return std::nullopt;
  const auto rows = equivalents(item);
  if (!rows) return finding(State::unknown, "not checkable: " + rows.error().message + " (" + rows.error().cure + ")", {"equivalent"});
  const auto count = f.measure("equivalent_count");
  if (!count) return finding(State::unknown, "not checkable: equivalent_count is missing", {"equivalent_count"});
  const bool carbon = f.carbon_per().has_value();
  if (!carbon && !f.energy_per() && !f.is_yearly()) return std::nullopt;
  // "500,000 kWh a day" is so many households, each of which takes its kWh a year.
  const double time = f.is_yearly() ? Unit::parse("year")->factor : 1;
  const Dimension wanted = Unit::parse(carbon ? "kgCO2e" : "J")->dimension;
  double lo = 0, hi = 0;
  std::string said, source;
  for (const Factor* r : *rows) {
    // A year's or an hour's: the name says of how long.
    if (r->measure.unit.dimension != wanted) continue;
    lo = lo == 0 ? r->measure.lo : std::min(lo, r->measure.lo);
    hi = std::max(hi, r->measure.hi);
    said += (said.empty() ? "" : ", ") + r->measure.stated;
    source += (source.empty() ? "" : "; ") + r->source;
  }
  if (hi == 0) return finding(State::unknown, fmt::format("no source has '{}' in {}", item, wanted.text()), {"equivalent"});
  const double least = f.lo() * time / hi, most = f.hi() * time / lo;
  const std::string what = fmt::format("{} is {:.3g} to {:.3g} of '{}' ({}), and {} was said", f.claim().value.stated, least, most, item, said, f.said("equivalent_count"));
  const double low = (count->lo - count->rounding) * 0.95, high = (count->hi + count->rounding) * 1.05;
  if (low > most) return finding(State::fails, fmt::format("{}: {:.3g} times too many", what, count->lo / most), {"value", "equivalent", "equivalent_count"}, count->lo / most, source);
  if (high < least) return finding(State::fails, fmt::format("{}: {:.3g} times too few", what, least / count->hi), {"value", "equivalent", "equivalent_count"}, least / count->hi, source);
  return finding(State::passes, what, {"value", "equivalent"}, 1, source);
}

}  // namespace joulebook::account
