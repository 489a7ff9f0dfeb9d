#pragma once
// Metered requests of a gateway as JSON and CSV. Pure. No prompt, answer or key is in them.
#include <string>

#include "core/json.h"
#include "ledger/serve_ledger.h"

namespace joulebook {

// One request: docs/schema/request.schema.json.
[[nodiscard]] Json request_json(const StoredRequest& request);

// CSV as csv.h has it: one row a request. A quantity takes the columns ID, ID_lo, ID_hi, ID_level,
// ID_tier, ID_boundary and ID_reason, a phase phase_NAME_tokens, phase_NAME_s and phase_NAME_j.
[[nodiscard]] std::string requests_csv_head();
[[nodiscard]] std::string requests_csv_line(const StoredRequest& request);

// A settled window as a card's bundle holds it (docs/formats/card.md).
[[nodiscard]] Json window_json(const StoredWindow& window);

// What a gateway's run came to, in the hours of the span: {"meter", "accounts", "tenants", "models",
// "routes"}, each list with the largest first. Intervals: span_spread.h.
[[nodiscard]] Result<Json> usage_json(const ServeReader& reader, const std::string& run, HourSpan span = {});
// All that gateways metered in those hours, J; an absence where that is nothing.
[[nodiscard]] Result<Quantity> metered_energy(const ServeReader& reader, HourSpan span);

}  // namespace joulebook
