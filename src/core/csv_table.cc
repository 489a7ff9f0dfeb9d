#include "core/csv_table.h"

#include <fmt/format.h>

#include <cmath>

#include "core/text.h"

namespace joulebook {

Result<CsvTable> CsvTable::parse(std::string_view csv, std::string_view code,
                                 std::initializer_list<std::string_view> required) {
  CsvTable table;
  std::size_t line = 0;
  for (const std::string_view raw : split(csv, '\n')) {
    ++line;
    const auto text = trim(raw);
    if (text.empty()) continue;
    auto cells = parse_csv_line(text);
    if (table.columns_.empty()) {
      for (std::size_t i = 0; i < cells.size(); ++i) table.columns_.emplace(trim(cells[i]), i);
      continue;
    }
    if (cells.size() != table.columns_.size()) {
      return fail(ErrorKind::input, std::string(code),
                  fmt::format("line {} has {} cells, not {}", line, cells.size(),
                              table.columns_.size()),
                  "give every line a cell for each column");
    }
    table.rows_.push_back(std::move(cells));
    table.lines_.push_back(line);
  }
  for (const auto name : required) {
    if (table.columns_.contains(name)) continue;
    return fail(ErrorKind::input, std::string(code), fmt::format("there is no column {}", name),
                fmt::format("add the column {}", name));
  }
  return table;
}

std::string_view CsvTable::Row::text(std::string_view column) const {
  const auto at = table_.columns_.find(column);
  return at == table_.columns_.end() ? std::string_view{}
                                     : trim(table_.rows_[index_][at->second]);
}

std::optional<double> CsvTable::Row::number(std::string_view column) const {
  const auto value = parse_double(text(column));
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::int64_t CsvTable::Row::integer(std::string_view column, std::int64_t fallback) const {
  return parse_int(text(column)).value_or(fallback);
}

}  // namespace joulebook
