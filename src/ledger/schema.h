#pragma once
// The tables of the ledger, described one by one in docs/formats/ledger.md. Inside of the ledger.
#include <cstdint>
#include <string>
#include <string_view>

namespace joulebook {

constexpr std::int64_t kLedgerApplicationId = 0x4A424C47;  // "JBLG"
constexpr std::int64_t kLedgerVersion = 2;                 // PRAGMA user_version

// All statements that make an empty ledger, separated by semicolons.
[[nodiscard]] std::string ledger_schema();
// Those that make a ledger of version 1 one of version 2, its rows kept. Inside a transaction.
[[nodiscard]] std::string ledger_from_1();

// The tables that version 2 added, for ledger_schema.
[[nodiscard]] std::string_view serve_tables();

// A table that only grows, and when a row that is there already has the new one's key. INSERT OR
// REPLACE removes rows without asking the DELETE trigger: hence a third one.
struct AppendOnly {
  const char* table;
  const char* same;
};
[[nodiscard]] std::string append_only(const AppendOnly& table);
// The trigger of a table that refuses DELETE; compaction takes it away and puts it back.
[[nodiscard]] std::string refuse_delete(std::string_view table);

}  // namespace joulebook
