#include "core/csv_records.h"

#include <algorithm>

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

}  // namespace joulebook
