// The 2023 study's kinds of task, through the recipes of claims.
#include <fmt/format.h>

#include "account/claim/scope.h"
#include "study/tasks/figures.h"

namespace joulebook {
namespace {

// kWh per 1,000 inferences as J of one, by the recipe's function.
Result<double> published_value(const std::string& column, const char* how,
                               const std::string& kind) {
  account::Claim claim;
  claim.file = "data/power_hungry.csv";
  claim.recipe.push_back(
      {"value", fmt::format("published('power_hungry', '{}', '{}', task = '{}')", column, how, kind),
       1});
  account::Dials dials;
  account::Trace trace;
  const auto value = account::Scope(claim, dials, trace).value();
  if (!value) return fail(value.error());
  return value->value;
}

Result<Quantity> published_energy(const std::string& column, const std::string& kind,
                                  std::int64_t rows) {
  Quantity q;
  for (const auto& [how, place] : {std::pair{"mean", 0}, std::pair{"min", 1}, std::pair{"max", 2}}) {
    const auto value = published_value(column, how, kind);
    if (!value) return fail(value.error());
    const double joules = *value * kPerItems;
    if (place == 0) q.value = joules;
    if (place == 1) q.own.lo = joules;
    if (place == 2) q.own.hi = joules;
  }
  q.level = 1;
  q.per = kPerItemsName;
  q.tier = Tier::published;
  q.method = fmt::format(
      "Luccioni, Jernite, Strubell 2023, data/power_hungry.csv: mean of {} published rows, ends are "
      "the least and the most of them",
      rows);
  return q;
}

}  // namespace

Result<PublishedKind> published_kind(const std::string& kind) {
  if (kind.find_first_of("'*") != std::string::npos) {
    return fail(ErrorKind::input, "task.published", fmt::format("'{}' is no kind of task", kind),
                "kinds are the column `task` of data/power_hungry.csv");
  }
  const auto rows = published_value("kwh_per_1000_total", "count", kind);
  if (!rows) return fail(rows.error());
  PublishedKind out{kind, static_cast<std::int64_t>(*rows), {}, {}};
  auto as_published = published_energy("kwh_per_1000_total", kind, out.rows);
  auto corrected = published_energy("kwh_per_1000_one_gpu_est", kind, out.rows);
  if (!as_published) return fail(as_published.error());
  if (!corrected) return fail(corrected.error());
  out.as_published = std::move(*as_published);
  out.as_published.boundary = "node";
  out.as_published.method += "; all eight GPUs of the node and constants for RAM and CPU are in it";
  out.corrected = std::move(*corrected);
  out.corrected.boundary = "gpu";
  out.corrected.method +=
      "; seven idle GPUs (55.5 W each) and the constants for RAM and CPU are taken off";
  return out;
}

}  // namespace joulebook
