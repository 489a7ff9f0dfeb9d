#pragma once
// Reading the members of a TOML table into values of C++, each with the place and the cure where it
// is of a wrong type. Inside of the room.
#include <fmt/format.h>

#include <array>
#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/text.h"
#include "core/toml.h"

namespace joulebook {

// Reads the members of one table; the first value of a wrong type is kept as the error.
class TomlTable {
 public:
  TomlTable(const TomlDocument& document, std::string path, const Json& json)
      : document_(document), path_(std::move(path)), json_(json) {}

  void operator()(const char* key, std::string& value) {
    const Json* json = member(key);
    if (json == nullptr) return;
    if (!json->is_string()) return refuse(key, "must be text", "put it in quotes");
    value = json->as_string();
  }
  void operator()(const char* key, bool& value) {
    const Json* json = member(key);
    if (json == nullptr) return;
    if (!json->is_bool()) return refuse(key, "must be true or false", "write true or false");
    value = json->as_bool();
  }
  void operator()(const char* key, double& value) {
    const Json* json = member(key);
    if (json == nullptr) return;
    if (!json->is_number()) return refuse(key, "must be a number", "write a number, no quotes");
    value = json->as_double();
  }
  void operator()(const char* key, std::vector<std::string>& value) {
    const Json* json = member(key);
    if (json == nullptr) return;
    value.clear();
    for (const Json& item : json->items()) {
      if (item.is_string()) value.emplace_back(item.as_string());
    }
    if (json->is_array() && value.size() == json->items().size()) return;
    refuse(key, "must be a list of texts", R"(write ["program", "argument"])");
  }
  template <std::integral T>
  void operator()(const char* key, T& value) {
    const Json* json = member(key);
    if (json == nullptr) return;
    if (!json->is_int() || !std::in_range<T>(json->as_int())) {
      return refuse(key, "must be a whole number in range",
                    fmt::format("at least {}, at most {}", std::numeric_limits<T>::min(),
                                std::numeric_limits<T>::max()));
    }
    value = static_cast<T>(json->as_int());
  }
  // One of some words; `set` is given its index.
  template <std::size_t N, class Set>
  void word(const char* key, const std::array<std::string, N>& words, Set set) {
    std::string text;
    (*this)(key, text);
    if (text.empty() || error_) return;
    for (std::size_t i = 0; i < N; ++i) {
      if (text == words[i]) return set(i);
    }
    const auto close = nearest(text, words);
    refuse(key, fmt::format("'{}' is no value of it", text),
           close ? fmt::format("did you mean '{}'?", *close) : "one of: " + join(words, ", "));
  }
  [[nodiscard]] Status done() const { return error_ ? Status(fail(*error_)) : Status(); }

 private:
  const Json* member(const char* key) const {
    return !error_ && json_.has(key) ? &json_[key] : nullptr;
  }
  void refuse(const char* key, std::string what, std::string cure) {
    const std::string full = path_.empty() ? key : path_ + "." + key;
    error_ = toml_error(document_, full, std::move(what), std::move(cure)).value();
  }

  const TomlDocument& document_;
  std::string path_;
  const Json& json_;
  std::optional<Error> error_;
};

}  // namespace joulebook
