#pragma once
// Takes a CSV text apart into records, each with its own line end, so that it can be put together
// again as it was.
#include <string_view>

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

}  // namespace joulebook
