#pragma once
// The tables of the ledger, described one by one in docs/formats/ledger.md. Inside of the ledger.
#include <cstdint>
#include <string>
#include <string_view>

namespace joulebook {

constexpr std::int64_t kLedgerApplicationId = 0x4A424C47;  // "JBLG"
constexpr std::int64_t kLedgerVersion = 1;                 // PRAGMA user_version

// All statements that make an empty ledger, separated by semicolons.
[[nodiscard]] std::string ledger_schema();

}  // namespace joulebook
