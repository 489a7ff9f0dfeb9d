#pragma once
// Hourly sums of gateways, read back. Inside of the ledger.
#include "ledger/serve_ledger.h"
#include "ledger/sqlite.h"

namespace joulebook {

// As ServeReader::totals and ServeReader::hourly.
[[nodiscard]] Result<std::vector<UsageTotal>> read_totals(sqlite::Database& db, TotalBy by, HourSpan span,
                                                          const std::string& run);
[[nodiscard]] Result<std::vector<HourTotal>> read_hourly(sqlite::Database& db, TotalBy by, HourSpan span,
                                                         const std::string& run);
// What names a request's group, of request_groups as g; of accounts and domains the word 'requests'.
[[nodiscard]] std::string_view request_key(TotalBy by);

}  // namespace joulebook
