#include "core/csv_records.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"

namespace joulebook {

CsvRecord next_csv_record(std::string_view& rest, std::size_t& line) {
  CsvRecord record{.line = line};
  bool quoted = false;
  std::size_t at = 0;
  for (; at < rest.size() && (quoted || rest[at] != '\n'); ++at) {
    if (rest[at] == '"') quoted = !quoted;
    if (rest[at] == '\n') ++line;
  }
  ++line;
  record.open = quoted;
  const bool carriage = at > 0 && at < rest.size() && rest[at - 1] == '\r';
  const std::size_t begin = carriage ? at - 1 : at;
  record.text = rest.substr(0, begin);
  record.end = rest.substr(begin, std::min(at + 1, rest.size()) - begin);
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return record;
}

std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  return text;
}

char csv_separator(std::string_view header) {
  const bool semicolons = header.find(';') != std::string_view::npos && header.find(',') == std::string_view::npos;
  return semicolons ? ';' : ',';
}

std::vector<std::string> csv_cells(std::string_view line, char separator) {
  if (separator == ',') return parse_csv_line(line);
  // The two change places, and back again inside of the cells.
  const auto swapped = [separator](std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c == separator ? ',' : c == ',' ? separator : c;
    return out;
  };
  auto cells = parse_csv_line(swapped(line));
  for (auto& cell : cells) cell = swapped(cell);
  return cells;
}

std::string csv_number(std::string_view cell, char separator) {
  const std::string_view text = trim(cell);
  if (separator != ';') return std::string(text);
  const bool comma = text.find(',') != std::string_view::npos;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    // A point groups where a comma stands for the decimals, or three digits follow and no more.
    const auto next = text.find_first_not_of("0123456789", i + 1);
    const bool three = (next == std::string_view::npos ? text.size() : next) - i == 4;
    if (text[i] == '.' && i > 0 && three && (comma || next == std::string_view::npos || text[next] == '.')) continue;
    out += text[i] == ',' ? '.' : text[i];
  }
  return out;
}

Result<std::string> append_csv_columns(std::string_view text, const AppendedColumns& columns) {
  text = without_byte_order_mark(text);
  std::string out;
  std::size_t width = 0;  // of the header; 0: it is still to come
  for (std::size_t line = 1; !text.empty();) {
    const CsvRecord record = next_csv_record(text, line);
    if (record.open)
      return fail(ErrorKind::input, "csv.quote",
                  fmt::format("a quote in line {} of the CSV is not closed", record.line),
                  "close it; a quote inside a quoted cell is written twice");
    if (trim(record.text).empty()) continue;
    const auto cells = parse_csv_line(record.text);
    out += record.text;
    if (width == 0) {
      if (auto known = columns.header(cells); !known) return fail(known.error());
      width = cells.size();
      out += columns.names;
    } else {
      const std::string appended = columns.row(cells, record.line);
      if (cells.size() < width) out.append(width - cells.size(), ',');
      out += appended;
    }
    out += record.end.empty() ? "\n" : record.end;
  }
  if (width > 0) return out;
  return fail(ErrorKind::input, "csv.empty", "the CSV has no header", std::string(columns.cure));
}

}  // namespace joulebook
