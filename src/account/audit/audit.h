#pragma once
// The audit of a claim: recomputed range, rules, verdict. docs/audit.md says how it is judged. Pure;
// thread-safe.
#include <joulebook/result.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "account/audit/rules.h"
#include "account/claim/range.h"
#include "core/json.h"

namespace joulebook::account {

enum class Verdict { reproduced, consistent, inconsistent, not_checkable };
[[nodiscard]] std::string_view to_string(Verdict verdict);  // "not checkable"

struct Judged {
  Verdict verdict = Verdict::not_checkable;
  std::string because;  // one clause; empty only for reproduced
  double off = 1;       // how far outside of the range, as a factor; below 1: too low
  bool within = false;  // the value lies in the recomputed range
};

// The claim with ten times, and a tenth of, its value.
struct Tried {
  double times = 1;
  Judged judged;
};

struct Audit {
  Claim claim;
  std::string recipe;        // that was computed; empty: none
  bool implied_recipe = false;  // the claim has none; this follows from its unit and inputs
  std::optional<Computed> computed;
  std::optional<Error> not_computed;  // why there is no range
  std::vector<Finding> findings;
  std::vector<std::string> missing;  // "batch?", "output_tokens?", ...: what the claim doesn't say
  std::vector<std::string> narrowing;  // inputs that would narrow the range, the best first
  std::vector<std::string> slips;    // probable, where the value lies outside
  Judged judged;
  std::vector<Tried> tried;
};

// Errors: input: the recipe's own (syntax, unknown names, circles), with the file and its line. What only
// lacks an input is no error but "not checkable".
[[nodiscard]] Result<Audit> audit(const Claim& claim);

// The expression that the claim's unit and inputs imply; empty where they imply none.
[[nodiscard]] std::string implied_recipe(const Claim& claim);

// Names of unit slips, errors of counting and doubled factors that would take the value into [lo, hi].
[[nodiscard]] std::vector<std::string> probable_slips(const Facts& facts, double lo, double best, double hi);

// The record of docs/schema/audit.schema.json.
[[nodiscard]] Json to_json(const Audit& audit);
[[nodiscard]] Json audits_json(std::span<const Audit> audits);

}  // namespace joulebook::account
