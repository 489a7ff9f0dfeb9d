#pragma once
// What an answer would cost if something were otherwise: each change alone, and all together. The
// factor's interval (80 %) is that of its parts: what pairs of measured rows show of the model's error
// about such a change (change_spread.h), what physics allows of clocks. Pure; thread-safe.
#include <joulebook/result.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "physics/explain/decompose.h"

namespace joulebook::explain {

struct Change {
  std::string key, value;  // as in spec.h
  std::string text;        // as it was asked for
};
// "weights=fp8", "output=0.5x", "experts->dense", "dense->experts". Error: input "change.syntax".
[[nodiscard]] Result<Change> parse_change(std::string_view text);

// Whether the model would answer otherwise than before: then what it answers is not predicted.
[[nodiscard]] bool alters_answers(const Change& change);

struct Changed {
  std::string text;
  bool alters_answers = false;
  std::optional<Error> refused;  // it does not fit in memory, or cannot be made; else:
  Explanation explanation;       // from before to after
  LogInterval interval;          // of its log ratio
  double step_s = 0;             // mean time between two tokens, after
};

struct WhatIf {
  Figure before;
  std::string described;  // what stands there already
  double before_j = 0;  // a response: stated, else modelled
  double before_step_s = 0;
  double floor_j = 0;  // of a response, as it is
  serving::Factors factors;  // of a modelled before_j, 80 %
  std::vector<Changed> alone;
  std::optional<Changed> together;  // where more than one was asked for
};

// Errors: those of set_key for a change that makes no sense; "memory.too_small" where what stands
// there already does not fit; those of check_clocks.
[[nodiscard]] Result<WhatIf> whatif(const Figure& before, const std::vector<Change>& changes,
                                    const serving::ServingFit& fit);

// The standard changes: fewer bits, larger batches up to what fits, other attention, pruning, the next
// smaller model of the family, half the answer, other devices, a power cap; without those that
// cannot be made here. The one that saves most comes first.
[[nodiscard]] Result<WhatIf> ranked_changes(const Figure& before, const serving::ServingFit& fit);

[[nodiscard]] std::string to_text(const WhatIf& what);
// Schema "joulebook.whatif/1".
[[nodiscard]] Json to_json(const WhatIf& what);

}  // namespace joulebook::explain
