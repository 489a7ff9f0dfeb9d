#include "account/usage/bill.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/csv_records.h"
#include "core/text.h"

namespace joulebook::account {
namespace {

using Columns = std::map<std::string, std::size_t, std::less<>>;
using Cells = std::vector<std::string>;

constexpr std::string_view kRequired[] = {"month", "provider", "model", "region", "input_tokens", "output_tokens"};

// "Input Tokens", "output-tokens": as spreadsheets head them.
std::string column_name(std::string_view head) {
  std::string name = lower(trim(head));
  std::ranges::replace_if(name, [](char c) { return c == ' ' || c == '-'; }, '_');
  return name;
}

Result<Columns> columns_of(const std::string& origin, const Cells& heads) {
  Columns columns;
  for (std::size_t i = 0; i < heads.size(); ++i) columns.emplace(column_name(heads[i]), i);
  for (const auto name : kRequired) {
    if (columns.contains(name)) continue;
    return fail(ErrorKind::input, "usage.columns", fmt::format("{} has no column {}", origin, name),
                "head it: month,provider,model,region,input_tokens,output_tokens (requests, too, where it is known)");
  }
  return columns;
}

// One row: its cells by the names of their columns, and where it stands.
struct Reader {
  const std::string& origin;
  const Columns& columns;
  const Cells& cells;
  std::size_t line;
  char separator;

  [[nodiscard]] std::string_view text(std::string_view column) const {
    const auto at = columns.find(column);
    return at == columns.end() ? std::string_view{} : trim(cells[at->second]);
  }
  [[nodiscard]] tl::unexpected<Error> bad(std::string_view column, std::string cure) const {
    return fail(ErrorKind::input, "usage.value", fmt::format("{}:{}: {} '{}' makes no sense", origin, line, column, text(column)), std::move(cure));
  }
  [[nodiscard]] Result<double> count(std::string_view column) const {
    std::string digits;
    for (const char c : csv_number(text(column), separator)) {
      if (c != ',' && c != '_' && c != ' ' && c != '\'') digits += c;
    }
    const auto n = parse_double(digits);
    if (n && *n >= 0 && *n <= 1e18) return *n;
    return bad(column, "write a count of at least 0, such as 1200000");
  }
};

Result<BillRow> read_row(const Reader& r) {
  BillRow row;
  row.line = r.line;
  auto month = parse_month(r.text("month"));
  if (!month) {
    Error error = month.error();
    error.message = fmt::format("{}:{}: {}", r.origin, r.line, error.message);
    return fail(std::move(error));
  }
  row.month = *month;
  row.provider = r.text("provider"), row.model = r.text("model"), row.region = r.text("region");
  if (row.model.empty()) return r.bad("model", "name the model as the bill does");
  const auto input = r.count("input_tokens"), output = r.count("output_tokens");
  if (!input) return fail(input.error());
  if (!output) return fail(output.error());
  row.input = *input, row.output = *output;
  if (!r.text("requests").empty()) {
    const auto requests = r.count("requests");
    if (!requests) return fail(requests.error());
    if (!(*requests > 0) && row.input + row.output > 0) return r.bad("requests", "tokens need a request: give their number, or leave the cell empty");
    row.requests = *requests;
  }
  return row;
}

}  // namespace

Result<std::vector<BillRow>> parse_bill(std::string_view csv, std::string origin) {
  std::string_view rest = without_byte_order_mark(csv);
  std::size_t line = 1;
  char separator = ',';
  std::optional<Columns> columns;
  std::vector<BillRow> rows;
  while (!rest.empty()) {
    const CsvRecord record = next_csv_record(rest, line);
    if (trim(record.text).empty()) continue;
    if (record.open) return fail(ErrorKind::input, "csv.quote", fmt::format("{}:{}: a quote is not closed", origin, record.line), "close it");
    if (!columns) separator = csv_separator(record.text);
    Cells cells = csv_cells(record.text, separator);
    if (!columns) {
      auto read = columns_of(origin, cells);
      if (!read) return fail(read.error());
      columns = std::move(*read);
      continue;
    }
    cells.resize(std::max(cells.size(), columns->size()));
    auto row = read_row({origin, *columns, cells, record.line, separator});
    if (!row) return fail(row.error());
    rows.push_back(std::move(*row));
  }
  if (rows.empty()) return fail(ErrorKind::input, "usage.columns", origin + " holds no row", "give a header and a row for each month and model");
  return rows;
}

}  // namespace joulebook::account
