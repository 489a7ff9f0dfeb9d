#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "account/audit/audit.h"

namespace joulebook::account {
namespace {

struct Slip {
  double factor;  // the value is so many times too high
  std::string what;
};

// By which a value is off when its unit was mistaken. Both ways.
std::vector<Slip> slips_of_units(const Facts& f) {
  std::vector<Slip> slips;
  const auto both = [&](double factor, std::string high, std::string low) {
    slips.push_back({factor, std::move(high)});
    slips.push_back({1 / factor, std::move(low)});
  };
  const auto& powers = f.claim().value.unit.dimension.powers;
  // TWh/yr and kWh/day are energies that somebody wrote, too.
  if (f.energy_per() || (powers.contains("J") && powers.at("J") == 1 && powers.contains("s"))) {
    both(1000, "a thousand too many: kWh for Wh, J for mJ, or an amount of 1,000 taken for one", "a thousand too few: Wh for kWh, mJ for J, or one taken for 1,000");
    both(3600, "3,600 too many: Wh for J (or Ws)", "3,600 too few: J for Wh");
    both(3.6e6, "3.6 million too many: kWh for J", "3.6 million too few: J for kWh");
    both(3.6, "3.6 too many: Wh for kJ, kWh for MJ", "3.6 too few: kJ for Wh, MJ for kWh");
    both(1e6, "a million too many: MJ for J, MWh for Wh, or per million taken for one", "a million too few: J for MJ, Wh for MWh");
  }
  if (f.carbon_per() || f.is_intensity()) {
    both(2.20462262, "2.2 too many: pounds read as kilograms", "2.2 too few: kilograms read as pounds");
    both(1000, "a thousand too many: kg for g, t for kg", "a thousand too few: g for kg, kg for t");
    both(44.0 / 12, "3.67 too many: carbon taken for CO2", "3.67 too few: CO2 taken for carbon");
    both(1e6, "a million too many: t for g", "a million too few: g for t");
  }
  if (f.claim().value.unit.dimension.powers.contains("s")) {
    both(365.25, "365 too many: a year's taken for a day's", "365 too few: a day's taken for a year's");
    both(24, "24 too many: a day's taken for an hour's", "24 too few: an hour's taken for a day's");
  }
  if (f.claim().value.unit.dimension.none()) both(100, "a hundred too many: percent taken for times", "a hundred too few: times taken for percent");
  return slips;
}

// Of counting: factors that are among the claim's own inputs.
std::vector<Slip> slips_of_counting(const Facts& f) {
  std::vector<Slip> slips;
  const auto by = [&](std::string_view input, const std::string& high, const std::string& low) {
    const auto n = f.amount(input);
    if (!n || *n <= 1.02) return;
    slips.push_back({*n, fmt::format("{:g} times too high, as {}: {}", *n, f.said(input), high)});
    slips.push_back({1 / *n, fmt::format("{:g} times too low, as {}: {}", *n, f.said(input), low)});
  };
  by("pue", "the building counted twice", "the building left out");
  by("gpus", "several devices counted for one", "one device counted for several");
  by("gpus_counted", "all devices counted where one worked", "one counted where all worked");
  by("batch", "a step's energy taken for one sequence's", "one sequence's share taken for a step's");
  by("output_tokens", "a response's energy taken for a token's", "a token's energy taken for a response's");
  const bool follows = f.has("energy") || f.has("gpu_hours");
  if (!follows && !f.has("gpus_counted") && f.amount("gpus").value_or(1) == 1 && f.has("gpu")) {
    slips.push_back({8, "eight times too high: the eight devices of a server counted for one"});
    slips.push_back({4, "four times too high: four devices counted for one"});
  }
  return slips;
}

}  // namespace

std::vector<std::string> probable_slips(const Facts& facts, double lo, double best, double hi) {
  std::vector<Slip> slips = slips_of_units(facts);
  for (Slip& s : slips_of_counting(facts)) slips.push_back(std::move(s));
  if (lo <= 0 || best <= 0 || facts.lo() <= 0) return {};
  std::vector<std::pair<double, std::string>> near;
  // A range that is wide itself does not tell slips so finely apart.
  constexpr double kNarrow = 1.25;
  const double room = hi / lo <= kNarrow ? 1.05 : 2;
  for (const Slip& s : slips) {
    const double mended_lo = facts.lo() / s.factor, mended_hi = facts.hi() / s.factor;
    if (mended_hi * room < lo || mended_lo > hi * room) continue;
    near.emplace_back(std::abs(std::log(facts.value() / s.factor / best)), s.what);
  }
  std::ranges::sort(near);
  std::vector<std::string> names;
  constexpr std::size_t kMost = 3;
  for (std::size_t i = 0; i < std::min(near.size(), kMost); ++i) names.push_back(near[i].second);
  return names;
}

}  // namespace joulebook::account
