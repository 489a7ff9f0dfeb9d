#pragma once
// A request as others are shown it: GET /joulebook/v1/requests/{id} (docs/formats/request.md; what
// `joulebook show` prints), and the row that sinks are given. Pure.
#include "core/clock.h"
#include "core/json.h"
#include "export/request_row.h"
#include "ledger/serve_ledger.h"

namespace joulebook::gateway {

// `now`: joins steady times to UTC.
[[nodiscard]] Json shown(StoredRequest request, const Anchor& now);
// The calls of one answer (a traceparent's trace id) and what they came to together.
[[nodiscard]] Json answer_json(const std::string& trace_id, std::span<const StoredRequest> requests,
                               const Anchor& now);
[[nodiscard]] RequestRow live_row(const StoredRequest& request, const Anchor& now);

}  // namespace joulebook::gateway
