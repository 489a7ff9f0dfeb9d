#pragma once
// A bill: tokens by month, provider, model and region, from a CSV (docs/formats/usage.md). Plain values.
#include <joulebook/result.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "account/footprint/when.h"

namespace joulebook::account {

struct BillRow {
  Month month;
  std::string provider, model, region;  // region may be empty
  double input = 0, output = 0;         // tokens
  std::optional<double> requests;
  std::size_t line = 0;
};

// Columns month, provider, model, region, input_tokens, output_tokens; requests may be among them, others are
// passed over. Errors: input "usage.columns", "usage.value" (naming line and cell), "time.day",
// "time.syntax", "csv.quote".
[[nodiscard]] Result<std::vector<BillRow>> parse_bill(std::string_view csv, std::string origin);

}  // namespace joulebook::account
