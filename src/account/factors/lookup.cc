// Places, providers and things, by the names that people give them.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "account/factors/tables.h"
#include "core/csv_table.h"
#include "core/text.h"

namespace joulebook {
std::string_view places_csv();  // the embedded file
}  // namespace joulebook

namespace joulebook::account {
namespace {

// Every name of every place, in lower case, and its ISO 3166 alpha-3 code.
const std::map<std::string, std::string>& places() {
  static const std::map<std::string, std::string> names = [] {
    std::map<std::string, std::string> all;
    for (const Factor& f : all_factors()) {
      if (!f.id.starts_with("grid.")) continue;
      const std::string iso = f.id.substr(5, 3);
      all[lower(iso)] = iso;
      all[lower(f.name.substr(0, f.name.rfind(", ")))] = iso;
    }
    const auto table = CsvTable::parse(places_csv(), "factors.table", {"alias", "iso3"});
    for (std::size_t i = 0; table && i < table->size(); ++i) {
      all[lower(table->row(i).text("alias"))] = table->row(i).text("iso3");
    }
    return all;
  }();
  return names;
}

template <class Map>
std::vector<std::string> keys_of(const Map& map) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : map) keys.push_back(key);
  return keys;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> known, std::string otherwise) {
  const auto near = nearest(word, known);
  return near ? fmt::format("did you mean '{}'?", *near) : std::move(otherwise);
}

// The factor of `kind` whose id begins so, the newest where years differ.
const Factor* newest(std::string_view prefix, std::string_view kind) {
  const Factor* found = nullptr;
  for (const Factor& f : all_factors()) {
    const bool fits = f.kind == kind && f.id.starts_with(prefix) && (f.id.size() == prefix.size() || f.id[prefix.size()] == '.');
    if (fits && (found == nullptr || f.year > found->year)) found = &f;
  }
  return found;
}

constexpr std::pair<std::string_view, std::string_view> kProviders[] = {
    {"aws", "aws"}, {"amazon", "aws"}, {"amazon-web-services", "aws"}, {"google", "google-cloud"}, {"gcp", "google-cloud"},
    {"google-cloud", "google-cloud"}, {"azure", "microsoft-azure"}, {"microsoft", "microsoft-azure"},
    {"microsoft-azure", "microsoft-azure"}, {"openai", "microsoft-azure"}, {"mistral", "microsoft-sweden-mistral-ai"},
    {"mistral-ai", "microsoft-sweden-mistral-ai"}, {"ovhcloud", "ovhcloud"}, {"ovh", "ovhcloud"}, {"oracle", "oracle"},
    {"unknown", "unknown-industry-average"}, {"average", "unknown-industry-average"}};

// A provider's parts of ids: of the table of providers, of that of regions.
struct ProviderIds {
  std::string whole, regions;
};
Result<ProviderIds> provider_ids(std::string_view provider) {
  const std::string word = slug(provider);
  std::vector<std::string> known;
  for (const auto& [name, id] : kProviders) {
    known.emplace_back(name);
    if (name != word) continue;
    if (id == "aws") return ProviderIds{"aws", "amazon-web-services"};
    if (id == "microsoft-azure") return ProviderIds{"microsoft-azure-openai", "microsoft-azure"};
    return ProviderIds{std::string(id), std::string(id)};
  }
  return fail(ErrorKind::input, "provider.unknown", fmt::format("unknown provider '{}'", provider),
              did_you_mean(word, known, "one of aws, google-cloud, azure, mistral, ovhcloud, oracle, average; or give --pue and --wue of your own"));
}

tl::unexpected<Error> unknown_region(const ProviderIds& ids, std::string_view provider, std::string_view region) {
  std::vector<std::string> known;
  for (const Factor& f : all_factors()) {
    const std::string prefix = "pue." + ids.regions + ".";
    if (!f.id.starts_with(prefix)) continue;
    const std::string rest = f.id.substr(prefix.size());
    known.push_back(rest.substr(0, rest.rfind('.')));
  }
  return fail(ErrorKind::input, "region.unknown",
              fmt::format("nothing is published about region '{}' of {}", region, provider),
              did_you_mean(region, known, known.empty() ? "leave the region out, or give --pue and --wue of your own"
                                                        : "write it as the provider does, as " + known.front()));
}

}  // namespace

Result<const Factor*> grid_intensity(std::string_view place, GridKind kind) {
  const auto at = places().find(lower(trim(place)));
  for (const std::string_view whole : {"eu", "eu27", "eu-27", "europe", "european union"}) {
    if (at != places().end() || lower(trim(place)) != whole) continue;
    return fail(ErrorKind::input, "grid.unknown", fmt::format("'{}' is no place whose grid is known: its countries are", place),
                "name a country (DE, France), or an intensity of your own ('250 gCO2e/kWh')");
  }
  if (at == places().end()) {
    return fail(ErrorKind::input, "grid.unknown", fmt::format("'{}' is no place whose grid is known", place),
                did_you_mean(lower(trim(place)), keys_of(places()),
                             "write an ISO 3166 code or an English name (DE, DEU, Germany), or an intensity of your own ('300 gCO2e/kWh')"));
  }
  const bool direct = kind == GridKind::direct;
  const auto* found = newest(fmt::format("grid.{}.{}", at->second, direct ? "direct" : "lifecycle"),
                             direct ? "grid.direct" : "grid.lifecycle");
  if (found != nullptr) return found;
  return fail(ErrorKind::input, "grid.no_factor",
              fmt::format("no {} factor of {} is known", direct ? "direct" : "life-cycle", at->second),
              fmt::format("a {} one is; or give an intensity of your own", direct ? "life-cycle" : "direct"));
}

IntensitySpan intensity_span(GridKind kind) {
  constexpr double kLeast = 20e-3 / 3.6e6;  // where direct factors of nearly all hydro or nuclear round to nothing
  IntensitySpan span{std::numeric_limits<double>::infinity(), 0};
  for (const Factor& f : all_factors()) {
    if (f.kind != (kind == GridKind::direct ? "grid.direct" : "grid.lifecycle") || f.measure.value <= 0) continue;
    span.lo = std::min(span.lo, f.measure.lo);
    span.hi = std::max(span.hi, f.measure.hi);
  }
  return {std::max(span.lo, kLeast), span.hi};
}

Result<SiteFactors> site(std::string_view provider, std::string_view region) {
  const auto ids = provider_ids(provider);
  if (!ids) return fail(ids.error());
  if (trim(region).empty()) {
    return SiteFactors{newest("pue." + ids->whole, "pue"), newest("wue." + ids->whole, "wue.onsite")};
  }
  const std::string at = fmt::format("{}.{}", ids->regions, slug(trim(region)));
  const SiteFactors found{newest("pue." + at, "pue"), newest("wue." + at, "wue.onsite")};
  if (found.pue == nullptr && found.wue == nullptr) return unknown_region(*ids, provider, region);
  return found;
}

Result<std::vector<const Factor*>> equivalents(std::string_view item) {
  const std::string wanted = lower(trim(item));
  std::vector<const Factor*> exact, near;
  std::vector<std::string> names;
  for (const Factor& f : all_factors()) {
    if (f.kind != "equivalent") continue;
    if (std::ranges::find(names, f.name) == names.end()) names.push_back(f.name);
    const std::string name = lower(f.name);
    if (name == wanted) exact.push_back(&f);
    if (!wanted.empty() && name.find(wanted) != std::string::npos) near.push_back(&f);
  }
  if (!exact.empty()) return exact;
  if (!near.empty()) return near;
  return fail(ErrorKind::input, "equivalent.unknown", fmt::format("no source is known about '{}'", item),
              did_you_mean(item, names, "known: " + join(names, "; ")));
}

}  // namespace joulebook::account
