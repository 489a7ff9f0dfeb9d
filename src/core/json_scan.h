#pragma once
// Reads what is wanted of JSON text in place, without building anything: what passes is a token an
// event, a thousand streams at once. Values are handed on as their text, which points into the text
// that was given. It checks that brackets, strings and separators fit together, not that every
// scalar is sound: parse a value that matters with parse_json. Names are compared as they are
// written: one that is written with escapes is not known. No allocation; depth is bounded (64).
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace joulebook {

// The place of the first byte from `at` on that is `a` or `b`; text.size() where there is none.
// Sixteen bytes at a time, or eight.
[[nodiscard]] std::size_t find_either(std::string_view text, std::size_t at, char a, char b);

// For who reads a text in one go: places in it, from which each function gives the place after what it
// read. What is wanted of something deep inside is read on the way, and no byte twice.
namespace scan {

constexpr std::size_t kBad = std::string_view::npos;

[[nodiscard]] inline std::size_t blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r' || text[at] == '\n')) ++at;
  return at;
}
// `at` is a quote; the place after the closing one.
[[nodiscard]] std::size_t skip_string(std::string_view text, std::size_t at);
// The place after the value at `at`.
[[nodiscard]] std::size_t skip_value(std::string_view text, std::size_t at);

// Each value of the container at `at`; `value(begin)` reads one and gives the place after it, kBad where
// it is unsound, or text.size() + 1 to stop, which is then what is given here.
template <class Value>
std::size_t walk(std::string_view text, std::size_t at, char open, char close, Value&& value) {
  if (at >= text.size() || text[at] != open) return kBad;
  at = blanks(text, at + 1);
  if (at < text.size() && text[at] == close) return at + 1;
  for (;;) {
    at = value(at);
    if (at > text.size()) return at;
    at = blanks(text, at);
    if (at == text.size()) return kBad;
    if (text[at] == close) return at + 1;
    if (text[at] != ',') return kBad;
    at = blanks(text, at + 1);
  }
}

// Likewise each member of an object: `member(name, begin)`, its name as written between its quotes.
template <class Member>
std::size_t walk_members(std::string_view text, std::size_t at, Member&& member) {
  return walk(text, at, '{', '}', [&](std::size_t name) -> std::size_t {
    if (name >= text.size() || text[name] != '"') return kBad;
    const std::size_t name_end = skip_string(text, name);
    if (name_end == kBad) return kBad;
    const std::size_t colon = blanks(text, name_end);
    if (colon >= text.size() || text[colon] != ':') return kBad;
    return member(text.substr(name + 1, name_end - name - 2), blanks(text, colon + 1));
  });
}

// Reads the value at `at` into `value`.
[[nodiscard]] inline std::size_t take_value(std::string_view text, std::size_t at, std::string_view& value) {
  const std::size_t end = skip_value(text, at);
  if (end != kBad) value = text.substr(at, end - at);
  return end;
}

// Whether a walk from the text's beginning ended where it should.
[[nodiscard]] inline bool whole(std::string_view text, std::size_t end) {
  return end != kBad && (end > text.size() || blanks(text, end) == text.size());
}

}  // namespace scan

// Calls `member(name, value)` with each member's name as written between its quotes and its value's
// text; false from it stops the walk. False where the text is no such object; blanks around it are
// allowed.
template <class Member>
bool walk_object(std::string_view text, Member&& member) {
  const auto each = [&](std::string_view name, std::size_t begin) -> std::size_t {
    std::string_view value;
    const std::size_t end = scan::take_value(text, begin, value);
    return end == scan::kBad || member(name, value) ? end : text.size() + 1;
  };
  return scan::whole(text, scan::walk_members(text, scan::blanks(text, 0), each));
}

// Likewise `item(value)` with each item of an array.
template <class Item>
bool walk_array(std::string_view text, Item&& item) {
  const auto each = [&](std::size_t begin) -> std::size_t {
    std::string_view value;
    const std::size_t end = scan::take_value(text, begin, value);
    return end == scan::kBad || item(value) ? end : text.size() + 1;
  };
  return scan::whole(text, scan::walk(text, scan::blanks(text, 0), '[', ']', each));
}

// The values of the members of those names, in their order; empty: not there. All are empty where
// the text is no whole object. Of several of one name the last counts.
template <std::size_t N>
[[nodiscard]] std::array<std::string_view, N> members_of(
    std::string_view text, const std::array<std::string_view, N>& names) {
  std::array<std::string_view, N> found{};
  const bool sound = walk_object(text, [&](std::string_view name, std::string_view value) {
    for (std::size_t i = 0; i < N; ++i) {
      if (name == names[i]) found[i] = value;
    }
    return true;
  });
  return sound ? found : std::array<std::string_view, N>{};
}

// A string value with at least one character in it.
[[nodiscard]] inline bool has_text(std::string_view value) {
  return value.size() > 2 && value.front() == '"';
}
// What stands between a string value's quotes, escapes and all; empty where it is no string.
[[nodiscard]] inline std::string_view written_text(std::string_view value) {
  return has_text(value) ? value.substr(1, value.size() - 2) : std::string_view();
}
// The text that a string value says, without quotes and escapes; `room` holds it where there are
// escapes. Empty where it is no string, or not a sound one.
[[nodiscard]] std::string_view text_of(std::string_view value, std::string& room);
// Bytes of UTF-8 that a string value comes to.
[[nodiscard]] std::size_t text_size(std::string_view value);
// The number that a value's text is; nothing where it is none, or beyond what a double holds.
[[nodiscard]] std::optional<double> number_of(std::string_view value);
// Likewise one that is written as a whole number and fits.
[[nodiscard]] std::optional<std::int64_t> integer_of(std::string_view value);

}  // namespace joulebook
