#include "physics/explain/explain_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/json_strings.h"
#include "core/modelled.h"
#include "core/text.h"

namespace joulebook::explain {
namespace {

constexpr std::string_view kMethod =
    "averaged over all orders through the serving model; interval from pairs of measured rows";

std::string per_text(Per per) { return per == Per::token ? "output token" : "response"; }

Quantity energy_quantity(const Side& s, double joules, Tier tier, const Figure& f, Per per) {
  const std::string boundary = boundary_text(f.deployment);
  if (tier == Tier::modelled) {
    return modelled(joules, {joules * s.factors.lo, joules * s.factors.hi}, "J", per_text(per),
                    {boundary, method_of(f.deployment)});
  }
  const double floor = per == Per::token ? s.floor.token_j : s.floor.response_j;
  return stated(joules, floor, "J", per_text(per), tier, boundary, f.source);
}

// Joules that a part stands for; negative where it saves.
Quantity joules_quantity(const Explanation& e, double log_part, const LogInterval& interval, Tier tier) {
  Quantity q = modelled(e.joules(log_part), {e.joules(interval.lo), e.joules(interval.hi)}, "J",
                        per_text(e.per), {boundary_text(e.b.deployment), std::string(kMethod)});
  q.tier = tier;
  return q;
}

std::string interval_text(const LogInterval& i) {
  return fmt::format("x {:#.3g} to {:#.3g}", std::exp(i.lo), std::exp(i.hi));
}

std::string side_text(char letter, const Figure& f, const Side& s, Per per) {
  std::string text = fmt::format("{}  {}\n   ", letter, s.text);
  if (f.stated_j) {
    text += fmt::format("{} per {}, {}{}; the model says {}", human(s.energy_j, "J"), per_text(per),
                        to_string(s.tier), f.source.empty() ? "" : " (" + f.source + ")",
                        human(s.modelled_j, "J"));
  } else {
    text += fmt::format("{} per {}, modelled [{}, {}]", human(s.modelled_j, "J"), per_text(per),
                        human(s.modelled_j * s.factors.lo, "J"), human(s.modelled_j * s.factors.hi, "J"));
  }
  text += fmt::format("; boundary {}\n", boundary_text(f.deployment));
  const double floor = per == Per::token ? s.floor.token_j : s.floor.response_j;
  const double best = s.floor.best_token_j * (per == Per::token ? 1 : f.deployment.tokens);
  text += fmt::format("   floor {} ({:.3g} times above it), {} at the best batch, {:.0f}; static power apart\n",
                      human(floor, "J"), s.energy_j / floor, human(best, "J"), s.floor.best_batch);
  if (!f.assumed.empty()) text += fmt::format("   not stated, assumed: {}\n", join(f.assumed, ", "));
  return text;
}

std::string line(std::string_view name, double log_ratio, double whole, const std::string& joules,
                 const std::string& interval) {
  return fmt::format("  {:<10} {:>9} {:>8.1f} % {:>11}   {}\n", name, factor_text(log_ratio),
                     whole == 0 ? 0 : 100 * log_ratio / whole, joules, interval);
}

Json floor_json(const Figure& f, const Floor& floor) {
  const auto& cpu = f.deployment.work.device.cpu;
  const std::string boundary = cpu ? cpu->boundary : "gpu";
  const auto bound = [&](double joules, const char* method) {
    return to_json(modelled(joules, {joules, joules}, "J", "output token", {boundary, method, 1}));
  };
  return Json::object({{"per_token", bound(floor.token_j, "floor: bytes and FLOPs at their least energy")},
                       {"static_per_token", bound(floor.static_token_j, "idle power for the time at peak rates")},
                       {"weights_at", to_string(floor.weights_level)},
                       {"cache_at", to_string(floor.cache_level)},
                       {"batch", floor.batch},
                       {"best_batch", floor.best_batch},
                       {"per_token_at_best_batch", bound(floor.best_token_j, "floor at the largest batch that fits")},
                       {"static_per_token_at_best_batch", bound(floor.best_static_token_j, "idle power for the time at peak rates")},
                       {"tokens", f.deployment.tokens}});
}

Json side_json(const Figure& f, const Side& s, Per per) {
  const double floor = per == Per::token ? s.floor.token_j : s.floor.response_j;
  return Json::object({{"deployment", s.text},
                       {"energy", to_json(energy_quantity(s, s.energy_j, s.tier, f, per))},
                       {"modelled", to_json(energy_quantity(s, s.modelled_j, Tier::modelled, f, per))},
                       {"floor", floor_json(f, s.floor)},
                       {"times_above_floor", s.energy_j / floor},
                       {"assumed", strings(f.assumed)}});
}

}  // namespace

std::string factor_text(double log_ratio) {
  const double x = std::exp(log_ratio);
  return x >= 1 ? fmt::format("x {:#.3g}", x) : fmt::format("/ {:#.3g}", 1 / x);
}

std::string signed_joules(double joules) {
  return (joules < 0 ? "-" : "+") + human(std::abs(joules), "J");
}

std::string boundary_text(const Deployment& d) {
  std::string text = d.boundary;
  if (d.overhead != 1) text += fmt::format(" (x {:.3g})", d.overhead);
  if (d.pue != 1) text += fmt::format(" + PUE {:.3g}", d.pue);
  return text;
}

Quantity ratio_quantity(double log_ratio, const LogInterval& interval) {
  return modelled(std::exp(log_ratio), {std::exp(interval.lo), std::exp(interval.hi)}, "1", "",
                  {"", std::string(kMethod)});
}

std::string to_text(const Explanation& e) {
  std::string text = side_text('A', e.a, e.side_a, e.per) + side_text('B', e.b, e.side_b, e.per);
  text += fmt::format("\nFrom A to B: {}, {}\n\n", factor_text(e.log_ratio),
                      signed_joules(e.side_b.energy_j - e.side_a.energy_j));
  text += fmt::format("  {:<10} {:>9} {:>10} {:>11}   {}\n", "factor", "energy", "of ln(B/A)", "joules",
                      "80 % of the factor");
  for (const Part& part : e.parts) {
    text += line(to_string(part.factor), part.log_ratio, e.log_ratio, signed_joules(e.joules(part.log_ratio)),
                 interval_text(part.interval));
  }
  text += line("rest", e.rest, e.log_ratio, signed_joules(e.joules(e.rest)), "");
  text += line("together", e.log_ratio, e.log_ratio, signed_joules(e.joules(e.log_ratio)), "");
  std::vector<std::string> same;
  for (std::size_t i = 0; i < kFactors; ++i) {
    const auto f = static_cast<Factor>(i);
    if (std::ranges::none_of(e.parts, [&](const Part& part) { return part.factor == f; })) {
      same.emplace_back(to_string(f));
    }
  }
  if (!same.empty()) text += fmt::format("\n  alike in both: {}\n", join(same, ", "));
  return text + "  averaged over all orders in which the factors could change; rest: what the figures say beyond the model\n";
}

Json to_json(const Explanation& e) {
  Json parts = Json::array();
  const auto share = [&](double x) { return e.log_ratio == 0 ? 0.0 : x / e.log_ratio; };
  for (const Part& part : e.parts) {
    parts.push(Json::object({{"factor", to_string(part.factor)},
                             {"ratio", to_json(ratio_quantity(part.log_ratio, part.interval))},
                             {"log_ratio", part.log_ratio},
                             {"share", share(part.log_ratio)},
                             {"energy", to_json(joules_quantity(e, part.log_ratio, part.interval, Tier::modelled))}}));
  }
  const Tier weaker = weakest(e.side_a.tier, e.side_b.tier);
  // What is stated less what the parts are said to be, with their interval the other way round.
  const LogInterval parted = together(e.parts);
  const bool none_stated = !e.a.stated_j && !e.b.stated_j;
  const LogInterval rest = none_stated ? LogInterval{e.rest, e.rest}
                                       : LogInterval{e.log_ratio - parted.hi, e.log_ratio - parted.lo};
  parts.push(Json::object({{"factor", "rest"},
                           {"ratio", to_json(ratio_quantity(e.rest, rest))},
                           {"log_ratio", e.rest},
                           {"share", share(e.rest)},
                           {"energy", to_json(joules_quantity(e, e.rest, rest, weaker))}}));
  return Json::object({{"schema", "joulebook.explanation/1"},
                       {"a", side_json(e.a, e.side_a, e.per)},
                       {"b", side_json(e.b, e.side_b, e.per)},
                       {"per", per_text(e.per)},
                       {"log_ratio", e.log_ratio},
                       {"parts", parts}});
}

}  // namespace joulebook::explain
