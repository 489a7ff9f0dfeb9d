#pragma once
// Settled windows of gateways, read back. Inside of the ledger.
#include "ledger/serve_ledger.h"
#include "ledger/sqlite.h"

namespace joulebook {

// As ServeReader::each_window.
[[nodiscard]] Status read_windows(sqlite::Database& db, const std::string& run, HourSpan span,
                                  const std::function<void(const StoredWindow&)>& visit);

}  // namespace joulebook
