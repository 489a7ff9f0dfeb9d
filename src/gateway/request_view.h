#pragma once
// A request as others are shown it: GET /joulebook/v1/requests/{id} (docs/formats/request.md; what
// `joulebook show` prints), and the row that sinks are given. Pure.
#include "core/wall_times.h"
#include "core/json.h"
#include "export/request_row.h"
#include "ledger/serve_ledger.h"

namespace joulebook::gateway {

// `wall` joins steady times to UTC; what the ledger has said stays.
[[nodiscard]] Json shown(StoredRequest request, const WallTimes& wall);
// The calls of one answer (a traceparent's trace id) and what they came to together.
[[nodiscard]] Json answer_json(const std::string& trace_id, std::span<const StoredRequest> requests,
                               const WallTimes& wall);
[[nodiscard]] RequestRow live_row(const StoredRequest& request, const WallTimes& wall);

}  // namespace joulebook::gateway
