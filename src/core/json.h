#pragma once
// A JSON value of our own: what every record is turned into before it leaves, and what every file
// is turned into once read. Parsing is nlohmann::json behind this header. Numbers keep their kind:
// 64-bit integers stay exact, doubles are written as the shortest text that reads back the same.
#include <joulebook/quantity.h>
#include <joulebook/result.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace joulebook {

class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;  // keeps insertion order; keys unique

  Json() = default;  // null
  Json(std::nullptr_t) {}
  Json(bool b) : value_(b) {}
  Json(int n) : value_(std::int64_t{n}) {}
  Json(std::int64_t n) : value_(n) {}
  Json(std::uint64_t n);  // above 2^63 - 1: a double
  Json(double x);         // not finite: null
  Json(const char* s) : value_(std::string(s)) {}
  Json(std::string_view s) : value_(std::string(s)) {}
  Json(std::string s) : value_(std::move(s)) {}
  Json(Array a) : value_(std::move(a)) {}
  Json(Object o) : value_(std::move(o)) {}

  [[nodiscard]] static Json object(std::initializer_list<Member> members = {});
  [[nodiscard]] static Json array(std::initializer_list<Json> items = {});

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  [[nodiscard]] bool is_bool() const { return std::holds_alternative<bool>(value_); }
  [[nodiscard]] bool is_number() const;
  [[nodiscard]] bool is_int() const { return std::holds_alternative<std::int64_t>(value_); }
  [[nodiscard]] bool is_string() const { return std::holds_alternative<std::string>(value_); }
  [[nodiscard]] bool is_array() const { return std::holds_alternative<Array>(value_); }
  [[nodiscard]] bool is_object() const { return std::holds_alternative<Object>(value_); }

  // Tolerant readers: the fallback where the value is of another kind.
  [[nodiscard]] bool as_bool(bool fallback = false) const;
  [[nodiscard]] double as_double(double fallback = 0) const;
  [[nodiscard]] std::int64_t as_int(std::int64_t fallback = 0) const;
  [[nodiscard]] std::string_view as_string(std::string_view fallback = {}) const;
  // Empty where the value is not an array / object.
  [[nodiscard]] const Array& items() const;
  [[nodiscard]] const Object& members() const;

  // Member by name; a shared null where there is none or this is no object. Chains safely.
  [[nodiscard]] const Json& operator[](std::string_view key) const;
  [[nodiscard]] const Json& at(std::size_t index) const;  // likewise for arrays
  [[nodiscard]] bool has(std::string_view key) const;

  // Adds or replaces a member (null becomes an object first). Returns *this.
  Json& set(std::string key, Json value);
  // Removes a member; false where there was none.
  bool erase(std::string_view key);
  // Appends an item (null becomes an array first). Returns *this.
  Json& push(Json value);

  // indent 0: one line. Invalid UTF-8 in strings is written as U+FFFD.
  [[nodiscard]] std::string dump(int indent = 0) const;

  bool operator==(const Json&) const = default;

 private:
  void write(std::string& out, int indent, int depth) const;
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

// Parses one JSON document. Depth is bounded (64), size by the text. Errors: input, code
// "json.syntax", message with line and column.
[[nodiscard]] Result<Json> parse_json(std::string_view text);

// The quantity object of the contract (docs/formats/quantity.md), and back.
[[nodiscard]] Json to_json(const Quantity& q);
[[nodiscard]] Result<Quantity> quantity_from_json(const Json& json);
[[nodiscard]] Json to_json(const Reason& reason);

}  // namespace joulebook
