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
// Eight bytes at a time.
[[nodiscard]] std::size_t find_either(std::string_view text, std::size_t at, char a, char b);

namespace scan {

constexpr std::size_t kBad = std::string_view::npos;

[[nodiscard]] std::size_t blanks(std::string_view text, std::size_t at);
// `at` is a quote; the place after the closing one.
[[nodiscard]] std::size_t skip_string(std::string_view text, std::size_t at);
// The place after the value at `at`.
[[nodiscard]] std::size_t skip_value(std::string_view text, std::size_t at);
// The first value's place in text that begins with `open`; where it is empty, at its end.
[[nodiscard]] std::size_t enter(std::string_view text, char open);
// After a value: past the comma, or at the end. Sets `over` where the container closed and nothing
// but blanks follows.
[[nodiscard]] std::size_t next(std::string_view text, std::size_t at, char close, bool& over);

// Each value of a container; `value(begin)` reads one and gives the place after it, kBad where it
// is unsound, or text.size() + 1 to stop.
template <class Value>
bool walk(std::string_view text, char open, char close, Value value) {
  std::size_t at = enter(text, open);
  if (at == kBad || at >= text.size()) return false;
  if (text[at] == close) return blanks(text, at + 1) == text.size();
  bool over = false;
  while (!over) {
    at = value(at);
    if (at == kBad) return false;
    if (at > text.size()) return true;
    at = next(text, at, close, over);
    if (at == kBad) return false;
  }
  return true;
}

}  // namespace scan

// Calls `member(name, value)` with each member's name as written between its quotes and its value's
// text; false from it stops the walk. False where the text is no such object; blanks around it are
// allowed.
template <class Member>
bool walk_object(std::string_view text, Member&& member) {
  return scan::walk(text, '{', '}', [&](std::size_t at) -> std::size_t {
    if (at >= text.size() || text[at] != '"') return scan::kBad;
    const std::size_t name_end = scan::skip_string(text, at);
    if (name_end == scan::kBad) return scan::kBad;
    const std::size_t colon = scan::blanks(text, name_end);
    if (colon >= text.size() || text[colon] != ':') return scan::kBad;
    const std::size_t begin = scan::blanks(text, colon + 1);
    const std::size_t end = scan::skip_value(text, begin);
    if (end == scan::kBad) return scan::kBad;
    const bool on = member(text.substr(at + 1, name_end - at - 2), text.substr(begin, end - begin));
    return on ? end : text.size() + 1;
  });
}

// Likewise `item(value)` with each item of an array.
template <class Item>
bool walk_array(std::string_view text, Item&& item) {
  return scan::walk(text, '[', ']', [&](std::size_t at) -> std::size_t {
    const std::size_t end = scan::skip_value(text, at);
    if (end == scan::kBad) return scan::kBad;
    return item(text.substr(at, end - at)) ? end : text.size() + 1;
  });
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
