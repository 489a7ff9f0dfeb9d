#pragma once
// JSON written straight to text, for rows of which there are many: no tree is built. Names and texts
// are quoted as json.h quotes them.
#include <joulebook/quantity.h>

#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "core/json.h"
#include "export/decimal.h"

namespace joulebook {

[[nodiscard]] inline std::string json_quoted(std::string_view text) {
  // What needs no escape is most of it.
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x20 || u >= 0x7f || c == '"' || c == '\\') return Json(text).dump();
  }
  std::string out;
  out.reserve(text.size() + 2);
  return out.append("\"").append(text).append("\"");
}

// The shortest text that reads back the same; null where it is not finite.
[[nodiscard]] inline std::string json_number(double x) {
  return std::isfinite(x) ? shortest_text(x) : std::string("null");
}

// An object, or an array, one member after the other.
class JsonText {
 public:
  explicit JsonText(char open) : text_(1, open), close_(open == '{' ? '}' : ']') {}

  // `value` is JSON already.
  JsonText& raw(std::string_view name, std::string_view value) {
    key(name);
    text_.append(value);
    return *this;
  }
  JsonText& text(std::string_view name, std::string_view value) { return raw(name, json_quoted(value)); }
  JsonText& number(std::string_view name, double value) { return raw(name, json_number(value)); }
  JsonText& number(std::string_view name, const std::optional<double>& value) {
    return raw(name, value ? json_number(*value) : "null");
  }
  JsonText& integer(std::string_view name, std::int64_t value) { return raw(name, std::to_string(value)); }
  JsonText& integer(std::string_view name, const std::optional<std::int64_t>& value) {
    return raw(name, value ? std::to_string(*value) : "null");
  }
  // Of an array.
  JsonText& item(std::string_view value) {
    if (text_.size() > 1) text_ += ',';
    text_.append(value);
    return *this;
  }
  [[nodiscard]] std::string take() { return std::move(text_ += close_); }

 private:
  void key(std::string_view name) {
    if (text_.size() > 1) text_ += ',';
    text_.append(json_quoted(name)) += ':';
  }
  std::string text_;
  char close_;
};

}  // namespace joulebook
