#pragma once
// The part of `ledger verify` that is about metered requests. Inside of the ledger.
#include <functional>
#include <string>

#include "ledger/sqlite.h"

namespace joulebook {

// Calls `fault` for whatever does not hold.
[[nodiscard]] Status verify_serve(sqlite::Database& db,
                                  const std::function<void(std::string)>& fault);

}  // namespace joulebook
