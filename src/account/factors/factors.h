#pragma once
// Every constant that turns joules into grams, litres and money, or that a claim is tested against: each
// with its unit, year, source and licence. Nothing in src/account may use a number that isn't here or
// in the user's own input. Tables are built in (data/*.csv); parsed once; thread-safe from then on.
#include <joulebook/result.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "account/units/measure.h"

namespace joulebook::account {

struct Factor {
  std::string id;      // "grid.DEU.direct.2023", "pue.google-cloud", "pue.aws.us-east-1.2024"
  std::string name;    // "Germany, direct generation intensity"
  Measure measure;     // with its spread where the source gives one
  std::string kind;    // grid.direct, grid.lifecycle, wue.offsite, pue, wue.onsite, embodied, price,
                       // equivalent, energy-per-op, training, boundary
  std::string boundary;  // what the number covers, as its source says
  std::string year;      // of the data; "" where the source names none (and the text says so)
  std::string source;    // who, where, commit or edition
  std::string licence;
  std::string status;    // as in data/: "stored copy", "derived", "UNVERIFIED"
};

// All of them, ordered by id (`joulebook account --explain`, and the test that none lacks a source).
[[nodiscard]] std::span<const Factor> all_factors();
// Error: input "factor.unknown", naming the nearest ids.
[[nodiscard]] Result<const Factor*> factor(std::string_view id);

enum class GridKind { direct, lifecycle };

// By ISO-3166 alpha-2 or alpha-3 code or English name ("DE", "DEU", "Germany"), "world" too. Direct
// (generation) and life-cycle factors are never mixed or averaged. Errors: input "grid.unknown" with the
// nearest, "grid.no_factor" (the place has none of this kind: the other kind is named).
[[nodiscard]] Result<const Factor*> grid_intensity(std::string_view place, GridKind kind);

// The least and the most of all places, kgCO2e/J; no mix of a country is below 20 gCO2e/kWh.
struct IntensitySpan {
  double lo = 0, hi = 0;
};
[[nodiscard]] IntensitySpan intensity_span(GridKind kind);

// PUE and on-site WUE (m3/J) by provider ("aws", "Google Cloud", "azure") and, where given, its region.
// Errors: input "provider.unknown", "region.unknown" with the nearest; `wue` absent where not published.
struct SiteFactors {
  const Factor* pue = nullptr;
  const Factor* wue = nullptr;  // may be null: not published
};
[[nodiscard]] Result<SiteFactors> site(std::string_view provider, std::string_view region);

// All rows of one thing ("smartphone charge", "US household electricity, year"): sources that differ stand
// side by side. Error: input "equivalent.unknown" with the nearest names.
[[nodiscard]] Result<std::vector<const Factor*>> equivalents(std::string_view item);

}  // namespace joulebook::account
