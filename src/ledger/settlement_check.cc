#include "ledger/settlement_check.h"

#include <fmt/format.h>

#include <algorithm>

namespace joulebook {
namespace {

tl::unexpected<Error> unbalanced(const Settlement& s, const std::string& what) {
  return fail(ErrorKind::input, "ledger.unbalanced",
              fmt::format("the settlement of {} [{}, {}) {}", s.domain, s.begin.ns, s.end.ns, what),
              "this is a fault of the program that settled it: please report it");
}

}  // namespace

std::string utc_of(SteadyTime t, const Anchor& anchor) { return iso8601(wall_of(t, anchor)); }

Status check_balance(const Settlement& s) {
  if (s.meter.count < 0) return unbalanced(s, "has a negative meter");
  if (s.end < s.begin) return unbalanced(s, "ends before it begins");
  std::int64_t sum = 0;
  for (const auto& posting : s.postings) {
    if (posting.amount.count < 0) return unbalanced(s, "posts a negative amount");
    if (__builtin_add_overflow(sum, posting.amount.count, &sum)) {
      return unbalanced(s, "posts more than can be counted");
    }
  }
  if (sum == s.meter.count) return {};
  return unbalanced(s, fmt::format("posts {} uJ of {} uJ", sum, s.meter.count));
}

Status check_nested(const std::vector<Settlement>& settlements) {
  for (const auto& outer : settlements) {
    if (outer.overlaps.empty()) continue;
    for (const auto& inner : settlements) {
      if (std::ranges::count(outer.overlaps, inner.domain) == 0) continue;
      return fail(ErrorKind::input, "ledger.nested",
                  fmt::format("{} overlaps {}: its joules would be counted twice", inner.domain,
                              outer.domain),
                  "post top-level domains only");
    }
  }
  return {};
}

}  // namespace joulebook
