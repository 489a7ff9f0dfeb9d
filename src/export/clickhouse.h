#pragma once
// Settled requests and accounts as rows of ClickHouse tables (FORMAT JSONEachRow). Pure: bytes for a
// sink. The tables: clickhouse_schema(), which docs/gateway-metrics.md prints.
#include <string>
#include <string_view>
#include <vector>

#include "export/live_state.h"
#include "export/request_row.h"
#include "export/sink.h"

namespace joulebook {

// CREATE TABLE statements, each ended by a semicolon. A row that was sent twice is merged away.
[[nodiscard]] std::string_view clickhouse_schema();

// One row of joulebook.requests.
[[nodiscard]] std::string clickhouse_request(const gateway::RequestRow& row);
// Rows of joulebook.accounts: what was posted since the start, by domain and account, and the meter
// as account "meter".
[[nodiscard]] std::vector<std::string> clickhouse_accounts(const gateway::LiveState& state);
[[nodiscard]] SinkFrame clickhouse_frame();

// Where rows of a table are posted to: base + "?query=INSERT INTO database.table ...". `table`:
// "requests" or "accounts"; `database` is escaped.
[[nodiscard]] std::string clickhouse_url(std::string_view base, std::string_view database,
                                         std::string_view table);

}  // namespace joulebook
