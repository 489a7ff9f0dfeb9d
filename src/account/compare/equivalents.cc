#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "account/compare/compare.h"

namespace joulebook::account {
namespace {

struct Matched {
  const char* figure;  // id of the footprint's
  std::string unit;    // of the count
};

// Which figure an equivalent divides, by its dimension.
std::optional<Matched> match(const Factor& f) {
  const auto& powers = f.measure.unit.dimension.powers;
  const bool energy = powers.contains("J"), carbon = powers.contains("kgCO2e");
  if (powers.size() == 1 && energy) return Matched{"energy", "1"};
  if (powers.size() == 1 && carbon) return Matched{"carbon.location.direct", "1"};
  if (powers.size() == 2 && carbon && powers.contains("m")) return Matched{"carbon.location.direct", "m"};
  if (powers.size() == 2 && carbon && powers.contains("s")) return Matched{"carbon.location.direct", "s"};
  return std::nullopt;
}

std::vector<const Factor*> all_equivalents() {
  std::vector<const Factor*> all;
  for (const Factor& f : all_factors()) {
    if (f.kind == "equivalent") all.push_back(&f);
  }
  return all;
}

}  // namespace

Result<std::vector<Equivalent>> equivalents_of(const Footprint& footprint, const std::vector<std::string>& items) {
  std::vector<Equivalent> out;
  std::set<std::string> seen;
  for (const std::string& item : items) {
    auto found = item == "all" ? Result<std::vector<const Factor*>>(all_equivalents()) : equivalents(item);
    if (!found) return fail(found.error());
    for (const Factor* f : *found) {
      const auto matched = match(*f);
      if (!matched || !seen.insert(f->id).second) continue;
      const Quantity& figure = *figure_of(footprint, matched->figure);
      const auto divide = [](std::span<const double> v) { return 1 / v[0]; };
      out.push_back({f->name, matched->figure, *f,
                     reckoned(figure, {f}, divide, {matched->unit, figure.boundary, fmt::format("{} over {}", matched->figure, f->id)})});
    }
  }
  return out;
}

}  // namespace joulebook::account
