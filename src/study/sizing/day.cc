#include <fmt/format.h>

#include "core/file_tree.h"
#include "core/text.h"
#include "study/sizing/route.h"

namespace joulebook {
namespace {

constexpr double kMostPrompts = 1e15;  // still exact in a double

Status add(Day& day, std::string_view kind, std::string_view number, ErrorKind blame,
           const std::string& place) {
  const auto bad = [&](std::string what) {
    return fail(blame, "route.day", place + std::move(what),
                "write each kind once, with how many prompts of it a day brings: code=300,chat=700");
  };
  const auto count = parse_double(trim(number));
  const std::string name(trim(kind));
  if (name.empty()) return bad("a count without a kind");
  if (!count || !(*count >= 0) || *count > kMostPrompts) {
    return bad(fmt::format("'{}' is no count of prompts", number));
  }
  if (!day.emplace(name, *count).second) return bad(fmt::format("kind '{}' comes twice", name));
  return {};
}

}  // namespace

Result<Day> parse_day(std::string_view text) {
  Day day;
  for (const auto part : split(text, ',')) {
    const auto at = part.rfind('=');
    const bool named = at != std::string_view::npos;
    const auto kind = named ? part.substr(0, at) : std::string_view{};
    const auto count = named ? part.substr(at + 1) : part;
    if (auto ok = add(day, kind, count, ErrorKind::usage, ""); !ok) {
      return fail(std::move(ok.error()));
    }
  }
  return day;
}

Result<Day> read_day(const std::string& given) {
  if (!given.ends_with(".csv")) return parse_day(given);
  const auto text = read_file(given);
  if (!text) return fail(text.error());
  return parse_day_csv(*text, given);
}

Result<Day> parse_day_csv(std::string_view text, const std::string& origin) {
  Day day;
  int number = 0;
  for (auto line : split(text, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trim(line).empty()) continue;
    const auto cells = parse_csv_line(line);
    if (number == 1 && cells.size() == 2 && lower(trim(cells[0])) == "kind") continue;
    const std::string place = fmt::format("{}:{}: ", origin, number);
    if (cells.size() != 2) {
      return fail(ErrorKind::input, "route.day",
                  fmt::format("{}{} columns, not two", place, cells.size()),
                  "write lines of two columns: kind,count");
    }
    if (auto ok = add(day, cells[0], cells[1], ErrorKind::input, place); !ok) {
      return fail(std::move(ok.error()));
    }
  }
  return day;
}

}  // namespace joulebook
