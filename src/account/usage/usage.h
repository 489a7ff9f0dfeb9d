#pragma once
// A bill as joules, grams and litres: row by row, and in sums by month, model and scope. Tokens that were
// bought are scope 3, category 1 (purchased services); those of the provider "own" scope 2. Pure.
#include <joulebook/result.h>

#include <string>
#include <vector>

#include "account/footprint/footprint.h"
#include "account/usage/answers.h"
#include "account/usage/bill.h"

namespace joulebook::account {

// The figures of a row or of a sum, at the boundary facility.
struct UsageFigures {
  Quantity energy;            // J
  Quantity direct, lifecycle;  // kgCO2e, by location
  Quantity water;             // m3
};

struct UsageRow {
  BillRow bill;
  std::string how, scope;
  UsageFigures figures;
};

struct UsageSum {
  std::string by, key;  // "month", "2026-01"; "all", ""
  double input = 0, output = 0;
  UsageFigures figures;
};

struct Usage {
  ServingRange range;
  std::vector<UsageRow> rows;
  std::vector<UsageSum> sums;  // by month, model, scope, and all
  std::vector<Factor> constants;
  std::vector<std::string> notes;
};

// `terms`: grid, PUE and water of rows whose region or provider says nothing. Errors: those of energy_of.
[[nodiscard]] Result<Usage> account_usage(const std::vector<BillRow>& bill, const ServingRange& range, const Terms& terms);

// by,key,input_tokens,output_tokens, and value, lo, hi and tier of each figure; an absence is an empty cell.
[[nodiscard]] std::string usage_csv(const Usage& usage);

}  // namespace joulebook::account
