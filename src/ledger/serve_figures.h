#pragma once
// Quantities as the ledger keeps them, a few dozen bytes each: what they share (unit, level, tier,
// boundary, method, names of shared parts, or the reason of an absence) is a text by number, the
// figures stand beside it: [text, value, lo, hi, low factor, high factor, ...], or [text, lo] of an
// absence. Inside of the ledger. Pure but for the dictionary.
#include <joulebook/quantity.h>
#include <joulebook/result.h>

#include <string>
#include <vector>

#include "core/json.h"
#include "ledger/serve_ledger.h"
#include "ledger/serve_rows.h"

namespace joulebook {

// Appends one to `out`.
[[nodiscard]] Status pack(const Figure& figure, Dictionary& dictionary, std::string& out);
// All of a request: [[phase, tokens, seconds, energy], ...]. Shared parts that are those of `fair`
// are not written again.
[[nodiscard]] Status pack(const std::vector<PhaseRow>& phases, const Figure& fair,
                          Dictionary& dictionary, std::string& out);

// `forms`: the text of a number, as JSON. Errors: input "ledger.corrupt".
using Forms = std::function<Result<Json>(std::int64_t)>;
[[nodiscard]] Result<Quantity> unpack(const Json& packed, const Forms& forms,
                                      const Quantity* fair = nullptr);
[[nodiscard]] Result<std::vector<PhaseFigure>> unpack_phases(const Json& packed,
                                                             const Forms& forms,
                                                             const Quantity& fair);

}  // namespace joulebook
