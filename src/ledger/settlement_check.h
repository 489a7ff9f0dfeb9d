#pragma once
// What a settlement must obey before it is written. Inside of the ledger. Pure.
#include <string>
#include <vector>

#include "ledger/ledger.h"

namespace joulebook {

// Postings sum to the meter, none is negative, it does not end before it begins: else
// "ledger.unbalanced".
[[nodiscard]] Status check_balance(const Settlement& s);
// No domain beside one that overlaps it: else "ledger.nested".
[[nodiscard]] Status check_nested(const std::vector<Settlement>& settlements);
// A steady instant in wall-clock time, ns since 1970 UTC, through an anchor of that boot.
[[nodiscard]] inline std::int64_t wall_of(SteadyTime t, const Anchor& anchor) {
  return anchor.wall_ns + (t.ns - anchor.steady.ns);
}
[[nodiscard]] std::string utc_of(SteadyTime t, const Anchor& anchor);

}  // namespace joulebook
