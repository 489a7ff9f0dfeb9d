#pragma once
// Values of a Hugging Face config.json by any of the names that architectures give them. For the
// config_*.cc files. The first thing that is wrong or missing is kept; what is read after it is 0.
// Not thread-safe; a reader lives as long as its JSON.
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "core/json.h"

namespace joulebook::physics {

class ConfigReader {
 public:
  using Keys = std::initializer_list<std::string_view>;

  explicit ConfigReader(const Json& json) : json_(json) {}

  // The first of these that is there and not null; "a.b" is a member of a member. An error, and
  // nothing, where it is no whole number from 0 to 2^40.
  std::optional<std::int64_t> number(Keys keys);
  // As number; an error where none is there.
  std::int64_t need(Keys keys);
  bool flag(Keys keys, bool fallback = false) const;
  [[nodiscard]] std::string_view text(Keys keys) const;  // empty: none
  [[nodiscard]] const Json& at(std::string_view key) const;
  [[nodiscard]] bool has(Keys keys) const { return find(keys) != nullptr; }
  // Of an array that says something of each layer; null where there is no such entry.
  [[nodiscard]] const Json& of_layer(std::string_view key, std::int64_t layer) const;

  void refuse(std::string_view code, std::string message, std::string cure);
  [[nodiscard]] bool failed() const { return error_.has_value(); }
  [[nodiscard]] Status done() const;

 private:
  [[nodiscard]] const Json* find(Keys keys) const;

  const Json& json_;
  std::optional<Error> error_;
};

}  // namespace joulebook::physics
