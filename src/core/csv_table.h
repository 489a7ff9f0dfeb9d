#pragma once
// A CSV table read by the names of its columns: for the data files built into the program. No line
// ends inside cells. Plain values; thread-safe.
#include <joulebook/result.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace joulebook {

class CsvTable {
 public:
  // One line of the table; valid as long as the table is.
  class Row {
   public:
    Row(const CsvTable& table, std::size_t index) : table_(table), index_(index) {}
    [[nodiscard]] std::string_view text(std::string_view column) const;  // empty: no such cell
    [[nodiscard]] std::optional<double> number(std::string_view column) const;
    [[nodiscard]] std::int64_t integer(std::string_view column, std::int64_t fallback = 0) const;
    [[nodiscard]] bool flag(std::string_view column) const { return integer(column) != 0; }
    [[nodiscard]] std::size_t line() const { return table_.lines_[index_]; }  // in the file

   private:
    const CsvTable& table_;
    std::size_t index_;
  };

  // The first line names the columns; empty lines are passed over. Error: input `code`, naming the
  // line, where a line has another number of cells or one of `required` is no column.
  [[nodiscard]] static Result<CsvTable> parse(std::string_view csv, std::string_view code,
                                              std::initializer_list<std::string_view> required);

  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] Row row(std::size_t index) const { return {*this, index}; }

 private:
  std::map<std::string, std::size_t, std::less<>> columns_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> lines_;
};

}  // namespace joulebook
