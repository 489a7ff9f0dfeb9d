#include "account/usage/usage.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "core/text.h"

namespace joulebook::account {
namespace {

constexpr std::string_view kOwn = "scope 2", kBought = "scope 3, category 1";

// A note of what no table has, once, with the first line that has it.
void note(Usage& usage, std::size_t line, std::string what) {
  const std::string behind = ": " + what;
  if (std::ranges::any_of(usage.notes, [&](const std::string& n) { return n.ends_with(behind); })) return;
  usage.notes.push_back(fmt::format("line {}{}", line, behind));
}

// The terms of a row: its region's place and site, its provider's, else those that were given.
Terms terms_of(const BillRow& row, const Terms& given, Usage& usage) {
  Terms t = given;
  bool placed = row.region.empty();
  if (!row.region.empty()) {
    Terms place = t;
    placed = set_place(place, row.region).has_value();
    if (placed) t = std::move(place);
  }
  const bool own = row.provider.empty() || lower(row.provider) == "own";
  if (own) {
    if (!placed) note(usage, row.line, fmt::format("region '{}' is in no table: what was given counts (--grid)", row.region));
    return t;
  }
  Terms site = t;
  const auto there = set_site(site, row.provider, row.region);
  const auto anywhere = there ? there : set_site(site, row.provider, "");
  if (anywhere) {
    if (given.overheads.pue) site.overheads.pue = given.overheads.pue;
    t = std::move(site);
  } else {
    note(usage, row.line, fmt::format("{}, {}: PUE and water as given, or as usual", anywhere.error().message, anywhere.error().cure));
  }
  if (anywhere && !there && !placed) note(usage, row.line, fmt::format("{}, {}: what was given counts (--grid)", there.error().message, there.error().cure));
  return t;
}

UsageFigures sum_of(const std::vector<const UsageRow*>& rows) {
  const auto total = [&](Quantity UsageFigures::* member) {
    std::vector<Quantity> parts;
    for (const UsageRow* row : rows) parts.push_back(row->figures.*member);
    return sum(parts);
  };
  return {total(&UsageFigures::energy), total(&UsageFigures::direct), total(&UsageFigures::lifecycle), total(&UsageFigures::water)};
}

void add_sums(Usage& usage, const std::string& by, const std::function<std::string(const UsageRow&)>& key) {
  std::map<std::string, std::vector<const UsageRow*>> groups;
  for (const UsageRow& row : usage.rows) groups[key(row)].push_back(&row);
  for (const auto& [name, rows] : groups) {
    UsageSum s{by, name, 0, 0, sum_of(rows)};
    for (const UsageRow* row : rows) s.input += row->bill.input, s.output += row->bill.output;
    usage.sums.push_back(std::move(s));
  }
}

void keep(std::vector<Factor>& constants, const Factor& f) {
  if (std::ranges::find(constants, f.id, &Factor::id) == constants.end()) constants.push_back(f);
}

}  // namespace

Result<Usage> account_usage(const std::vector<BillRow>& bill, const ServingRange& range, const Terms& given) {
  Usage usage;
  usage.range = range;
  bool assumed = false;
  for (const BillRow& row : bill) {
    const Terms terms = terms_of(row, given, usage);
    auto energy = energy_of(row, range, terms.overheads);
    if (!energy) return fail(energy.error());
    const auto f = footprint(energy->energy, energy->at, Preset::facility, terms);
    if (!f) return fail(f.error());
    for (const Factor* constant : energy->constants) keep(usage.constants, *constant);
    for (const Factor& constant : f->constants) keep(usage.constants, constant);
    usage.rows.push_back({row, energy->how, std::string(lower(row.provider) == "own" ? kOwn : kBought),
                          {*figure_of(*f, "energy"), *figure_of(*f, "carbon.location.direct"), *figure_of(*f, "carbon.location.lifecycle"), *figure_of(*f, "water")}});
    assumed = assumed || !row.requests;
  }
  add_sums(usage, "month", [](const UsageRow& r) { return r.bill.month.text(); });
  add_sums(usage, "model", [](const UsageRow& r) { return r.bill.model; });
  add_sums(usage, "scope", [](const UsageRow& r) { return r.scope; });
  add_sums(usage, "all", [](const UsageRow&) { return std::string(); });
  std::ranges::sort(usage.constants, {}, &Factor::id);
  usage.notes.push_back("predicted over " + range.text() + "; the interval spans all of them");
  if (assumed) usage.notes.push_back(fmt::format("rows without requests: {:g} output tokens each", range.output_per_request));
  return usage;
}

}  // namespace joulebook::account
