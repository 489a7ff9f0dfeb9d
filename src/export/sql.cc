#include "export/sql.h"

#include <algorithm>
#include <array>

#include "core/csv_records.h"
#include "core/text.h"

namespace joulebook {
namespace {

constexpr std::array<std::string_view, 28> kTexts = {
    "id",     "run",    "status", "reason", "outcome", "tenant", "model",  "route", "upstream", "trace_id",
    "arrived", "rule",  "study",  "arm",    "prompt",  "kind",   "begin",  "finish", "error",   "mode",
    "window", "domain", "name",   "sensor", "key",     "basis",  "figure", "unit"};
constexpr std::array<std::string_view, 7> kWholes = {"http_status", "posted_uj", "ordinal", "round",
                                                     "seed",        "begin_ns",  "max_tokens"};

template <class List>
bool among(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

std::string_view name_of(SqlType type) {
  switch (type) {
    case SqlType::text:
      return "TEXT";
    case SqlType::boolean:
      return "BOOLEAN";
    case SqlType::whole:
      return "BIGINT";
    case SqlType::real:
      return "DOUBLE";
  }
  return "TEXT";
}

std::string quoted(std::string_view text, char mark) {
  std::string out(1, mark);
  for (const char c : valid_utf8(text)) {
    if (c == mark) out += mark;
    // Neither program takes a NUL in a statement.
    if (c == '\0') {
      out += "\xEF\xBF\xBD";
    } else {
      out += c;
    }
  }
  return out + mark;
}

std::string literal(const std::string& cell, SqlType type) {
  if (cell.empty()) return "NULL";
  if (type == SqlType::text) return quoted(cell, '\'');
  if (type == SqlType::boolean) return cell == "true" ? "TRUE" : "FALSE";
  // A text that is no number, or no finite one: nothing that a number's column could hold.
  if (type == SqlType::whole) return parse_int(cell) ? cell : "NULL";
  return parse_double(cell) && cell.find("inf") == cell.npos && cell.find("nan") == cell.npos ? cell : "NULL";
}

std::string_view without_line_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

SqlType sql_type(std::string_view table, std::string_view column) {
  for (const char* suffix : {"_tier", "_boundary", "_reason"}) {
    if (column.ends_with(suffix)) return SqlType::text;
  }
  if (table != "arms" && (column == "stream" || column == "correct")) return SqlType::boolean;
  if (among(kTexts, column)) return SqlType::text;
  if (among(kWholes, column)) return SqlType::whole;
  // Counts of one answer are whole; an arm has their means.
  const bool counts = column.ends_with("_tokens") || column == "words";
  return counts && table != "arms" ? SqlType::whole : SqlType::real;
}

SqlTable::SqlTable(std::string table, std::string_view head)
    : table_(std::move(table)), columns_(parse_csv_line(without_line_end(head))) {
  for (const auto& column : columns_) types_.push_back(sql_type(table_, column));
}

std::string SqlTable::begin() const {
  std::string text = "BEGIN TRANSACTION;\nCREATE TABLE IF NOT EXISTS " + quoted(table_, '"') + " (";
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    text += (i == 0 ? "\n  " : ",\n  ") + quoted(columns_[i], '"') + " " + std::string(name_of(types_[i]));
  }
  return text + "\n);\n";
}

std::string SqlTable::add(std::string_view line) {
  auto cells = parse_csv_line(without_line_end(line));
  cells.resize(columns_.size());
  values_ += held_ == 0 ? "\n(" : ",\n(";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    values_ += (i == 0 ? "" : ",") + literal(cells[i], types_[i]);
  }
  values_ += ")";
  return ++held_ >= kRows ? flush() : std::string();
}

std::string SqlTable::flush() {
  if (held_ == 0) return {};
  std::string text = "INSERT INTO " + quoted(table_, '"') + " VALUES" + values_ + ";\n";
  values_.clear();
  held_ = 0;
  return text;
}

std::string SqlTable::end() { return flush() + "COMMIT;\n"; }

std::string csv_as_sql(std::string table, std::string_view csv) {
  std::size_t line = 1;
  SqlTable sql(std::move(table), next_csv_record(csv, line).text);
  std::string out = sql.begin();
  while (!csv.empty()) out += sql.add(next_csv_record(csv, line).text);
  return out + sql.end();
}

}  // namespace joulebook
