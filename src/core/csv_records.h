#pragma once
// Takes a CSV text apart into records, each with its own line end, so that it can be put together
// again as it was, with columns appended or not.
#include <joulebook/result.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace joulebook {

struct CsvRecord {
  std::string_view text;  // without its line end
  std::string_view end;   // "\n", "\r\n", or nothing at the end of the text
  std::size_t line = 1;   // where it starts
  bool open = false;      // a quote was not closed
};

// Takes the first record off `rest` and counts its lines on `line` (1 before the first).
// A line end inside quotes belongs to its cell.
[[nodiscard]] CsvRecord next_csv_record(std::string_view& rest, std::size_t& line);

// UTF-8's byte order mark taken off, where the text begins with one.
[[nodiscard]] std::string_view without_byte_order_mark(std::string_view text);

// What parts the cells of a table whose first line is `header`: ';' where it has some and no ',' (as spreadsheets write
// where a comma is the decimal point), else ','.
[[nodiscard]] char csv_separator(std::string_view header);
// parse_csv_line for either separator.
[[nodiscard]] std::vector<std::string> csv_cells(std::string_view line, char separator);
// A cell's number as text with a decimal point: of a table with ';' "1.234,5" is 1234.5 and "1.000" is 1000.
[[nodiscard]] std::string csv_number(std::string_view cell, char separator);

struct AppendedColumns {
  std::string_view names;  // ",a,b", put behind the header
  std::string_view cure;   // of "csv.empty"
  std::function<Status(const std::vector<std::string>& cells)> header;  // of the header's cells
  // The cells put behind a row, "," before each. `line` of the text, from 1.
  std::function<std::string(const std::vector<std::string>& cells, std::size_t line)> row;
};
// The text with columns appended. A byte order mark and records without a character are dropped; a
// short row is filled up with empty cells first, so that what is appended stands under its names;
// line ends stay as they were. Errors: input "csv.quote" (a quote is not closed), "csv.empty" (there
// is no header), and that of `header`.
[[nodiscard]] Result<std::string> append_csv_columns(std::string_view text,
                                                     const AppendedColumns& columns);

}  // namespace joulebook
