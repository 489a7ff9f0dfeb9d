#include "load/json_scan.h"

#include <cstddef>

namespace joulebook::load {
namespace {

constexpr int kDeepest = 64;
constexpr std::size_t kBad = std::string_view::npos;

std::size_t blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && std::string_view(" \t\r\n").contains(text[at])) ++at;
  return at;
}

// `at` is a quote; the place after the closing one.
std::size_t skip_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    } else if (static_cast<unsigned char>(text[at]) < 0x20) {
      return kBad;
    }
  }
  return kBad;
}

std::size_t skip_scalar(std::string_view text, std::size_t at) {
  const std::size_t begin = at;
  while (at < text.size() && !std::string_view(",]}: \t\r\n\"[{").contains(text[at])) ++at;
  return at == begin ? kBad : at;
}

// The place after the value at `at`.
std::size_t skip_value(std::string_view text, std::size_t at) {
  if (at >= text.size()) return kBad;
  if (text[at] == '"') return skip_string(text, at);
  if (text[at] != '{' && text[at] != '[') return skip_scalar(text, at);
  char open[kDeepest];
  int depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = skip_string(text, at);
      if (at == kBad) return kBad;
      continue;
    }
    if (c == '{' || c == '[') {
      if (depth == kDeepest) return kBad;
      open[depth++] = c;
    } else if (c == '}' || c == ']') {
      if (open[--depth] != (c == '}' ? '{' : '[')) return kBad;
      if (depth == 0) return at + 1;
    }
    ++at;
  }
  return kBad;
}

// The first member's place in text between `open` and `close`; where it is empty, at `close`.
std::size_t enter(std::string_view text, char open) {
  const std::size_t at = blanks(text, 0);
  if (at >= text.size() || text[at] != open) return kBad;
  return blanks(text, at + 1);
}

// After a value: past the comma, or at the end. Sets `over` where the container closed and nothing
// but blanks follows.
std::size_t next(std::string_view text, std::size_t at, char close, bool& over) {
  at = blanks(text, at);
  if (at >= text.size()) return kBad;
  if (text[at] == close) {
    over = blanks(text, at + 1) == text.size();
    return over ? at : kBad;
  }
  if (text[at] != ',') return kBad;
  return blanks(text, at + 1);
}

// Each value of a container; `value(begin)` reads one and gives the place after it, npos where it
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

}  // namespace

bool walk_object(std::string_view text, const JsonMember& member) {
  return walk(text, '{', '}', [&](std::size_t at) -> std::size_t {
    if (at >= text.size() || text[at] != '"') return kBad;
    const std::size_t name_end = skip_string(text, at);
    if (name_end == kBad) return kBad;
    const std::size_t colon = blanks(text, name_end);
    if (colon >= text.size() || text[colon] != ':') return kBad;
    const std::size_t begin = blanks(text, colon + 1);
    const std::size_t end = skip_value(text, begin);
    if (end == kBad) return kBad;
    const bool on = member(text.substr(at + 1, name_end - at - 2), text.substr(begin, end - begin));
    return on ? end : text.size() + 1;
  });
}

bool walk_array(std::string_view text, const JsonItem& item) {
  return walk(text, '[', ']', [&](std::size_t at) -> std::size_t {
    const std::size_t end = skip_value(text, at);
    if (end == kBad) return kBad;
    return item(text.substr(at, end - at)) ? end : text.size() + 1;
  });
}

}  // namespace joulebook::load
