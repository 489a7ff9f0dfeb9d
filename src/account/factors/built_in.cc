#include <algorithm>

#include "account/factors/tables.h"
#include "core/text.h"

namespace joulebook::account {

std::span<const Factor> all_factors() {
  static const std::vector<Factor> factors = [] {
    auto read = read_all_tables();
    if (!read) return std::vector<Factor>{};  // a test reads them
    std::ranges::sort(*read, {}, &Factor::id);
    return std::move(*read);
  }();
  return factors;
}

Result<const Factor*> factor(std::string_view id) {
  const auto all = all_factors();
  const auto at = std::ranges::lower_bound(all, id, {}, [](const Factor& f) { return std::string_view(f.id); });
  if (at != all.end() && at->id == id) return &*at;
  std::vector<std::string> ids;
  for (const Factor& f : all) ids.push_back(f.id);
  const auto near = nearest(id, ids);
  return fail(ErrorKind::input, "factor.unknown", "no constant has the id '" + std::string(id) + "'",
              near ? "did you mean " + *near + "?" : "joulebook account --explain lists them all");
}

}  // namespace joulebook::account
