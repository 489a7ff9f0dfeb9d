#pragma once
// Rows of CSV as a script that SQLite and DuckDB both load (docs/formats/sql.md): one table, whose types
// follow from the names of its columns. Pure; streams in bounded memory. Not thread-safe.
#include <string>
#include <string_view>
#include <vector>

namespace joulebook {

enum class SqlType { text, boolean, whole, real };
// Of a column of that table: "requests", "trials", "arms", "domains".
[[nodiscard]] SqlType sql_type(std::string_view table, std::string_view column);

class SqlTable {
 public:
  // `head`: the header line of the CSV.
  SqlTable(std::string table, std::string_view head);
  // BEGIN and CREATE TABLE. A table that is there already is left as it is, and rows are added to it.
  [[nodiscard]] std::string begin() const;
  // The statements that are full once this row is in; empty most times. `line`: one record of the CSV,
  // with or without its line end. An empty cell and an unbounded end ("inf") are NULL.
  [[nodiscard]] std::string add(std::string_view line);
  // What is left, and COMMIT.
  [[nodiscard]] std::string end();

 private:
  [[nodiscard]] std::string flush();
  static constexpr std::size_t kRows = 100;  // of one INSERT
  std::string table_;
  std::vector<std::string> columns_;
  std::vector<SqlType> types_;
  std::string values_;
  std::size_t held_ = 0;
};

// A whole CSV text, head and rows.
[[nodiscard]] std::string csv_as_sql(std::string table, std::string_view csv);

}  // namespace joulebook
