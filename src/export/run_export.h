#pragma once
// A run's result document (docs/schema/run.schema.json) and the ledger's list, as CSV and Markdown.
// Pure: JSON -> bytes. Works on what is there: a member that is missing is an empty cell.
#include <span>
#include <string>

#include "core/json.h"
#include "ledger/ledger.h"

namespace joulebook {

// One row a domain, then one for the total: window, domain, sensor, energy, mean and peak power.
[[nodiscard]] std::string run_csv(const Json& run);
[[nodiscard]] std::string run_markdown(const Json& run);

// What `list` shows.
[[nodiscard]] Json list_json(std::span<const RunSummary> runs);
[[nodiscard]] std::string list_csv(std::span<const RunSummary> runs);

// One line of JSON an item.
[[nodiscard]] std::string json_lines(std::span<const Json> items);

}  // namespace joulebook
