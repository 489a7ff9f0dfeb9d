#include "export/card/verify_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "export/card/verify.h"

namespace joulebook::card {
namespace {

bool is_quantity(const Json& json) { return json.has("value") && json.has("unit"); }

void check_quantity(const Json& json, const std::string& at, const Tell& tell) {
  const auto q = quantity_from_json(json);
  if (!q) return tell(at, "is " + q.error().message);
  for (const auto& [path, what] : differences(json, to_json(*q), 1)) {
    tell(at, "its interval does not follow from its parts: " + path + " " + what);
  }
}

// Each figure is rounded to a microjoule by itself.
bool same_energy(double a, double b, std::size_t terms) {
  return std::abs(a - b) <= 1e-6 * (static_cast<double>(terms) + 1) + kSameFigure * std::abs(b);
}

// Phases sum to what they are phases of, unless one is absent that none of `may_lack` names.
void check_phases(const Json& phases, std::initializer_list<std::string_view> may_lack, double joules,
                  const std::string& at, const Tell& tell) {
  double sum = 0;
  for (const auto& phase : phases.items()) {
    const Json& value = phase["energy"]["value"];
    if (!value.is_number() && std::ranges::find(may_lack, phase["phase"].as_string()) == may_lack.end()) return;
    sum += value.as_double();
  }
  if (phases.items().empty() || same_energy(sum, joules, phases.items().size())) return;
  tell(at, fmt::format("is {} J, but its phases sum to {} J", joules, sum));
}

}  // namespace

std::int64_t check_quantities(const Json& json, const std::string& at, const Tell& tell) {
  if (is_quantity(json)) {
    check_quantity(json, at, tell);
    return json["value"].is_number() ? 1 : 0;
  }
  std::int64_t count = 0;
  const std::string before = at.empty() ? "" : at + ".";
  std::size_t i = 0;
  for (const auto& item : json.items()) {
    count += check_quantities(item, before + std::to_string(i++), tell);
  }
  for (const auto& [name, member] : json.members()) {
    count += check_quantities(member, before + name, tell);
  }
  return count;
}

void check_request(const Json& row, const std::string& at, const Tell& tell) {
  const Json& fair = row["fair"];
  if (!fair["value"].is_number()) return;
  const double joules = fair["value"].as_double();
  // Cached tokens and waiting carry joules only where a rule assigns them.
  check_phases(row["phases"], {"cached", "queue"}, joules, at + ".fair", tell);
  const double posted = row["posted_uj"].as_double() * 1e-6;
  if (row["status"].as_string() == "final" && !same_energy(posted, joules, 1)) {
    tell(at + ".fair", fmt::format("is {} J, but {} J were posted to it", joules, posted));
  }
}

std::int64_t check_trials(const Json& document, const Tell& tell) {
  std::int64_t count = 0;
  for (const auto& trial : document["trials"].items()) {
    const std::string at = fmt::format("document.trials.{}.energy", count++);
    const Json& energy = trial["energy"];
    if (trial.has("error") || !energy["value"].is_number()) continue;
    check_phases(trial["phases"], {}, energy["value"].as_double(), at, tell);
  }
  return count;
}

}  // namespace joulebook::card
