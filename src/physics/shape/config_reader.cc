#include "physics/shape/config_reader.h"

#include <fmt/format.h>

#include <cmath>

namespace joulebook::physics {
namespace {

constexpr double kMost = 1099511627776.0;  // 2^40

}  // namespace

const Json& ConfigReader::at(std::string_view key) const {
  const Json* json = &json_;
  for (auto dot = key.find('.'); dot != std::string_view::npos; dot = key.find('.')) {
    json = &(*json)[key.substr(0, dot)];
    key.remove_prefix(dot + 1);
  }
  return (*json)[key];
}

const Json* ConfigReader::find(Keys keys) const {
  for (const auto key : keys) {
    const Json& value = at(key);
    if (!value.is_null()) return &value;
  }
  return nullptr;
}

std::optional<std::int64_t> ConfigReader::number(Keys keys) {
  for (const auto key : keys) {
    const Json& value = at(key);
    if (value.is_null()) continue;
    const double n = value.as_double(-1);
    if (value.is_number() && n >= 0 && n <= kMost && n == std::floor(n)) {
      return static_cast<std::int64_t>(n);
    }
    refuse("shape.contradiction", fmt::format("{} is {}", key, value.dump().substr(0, 64)),
           fmt::format("give {} as a whole number that is not negative", key));
    return std::nullopt;
  }
  return std::nullopt;
}

std::int64_t ConfigReader::need(Keys keys) {
  if (const auto n = number(keys)) return *n;
  refuse("shape.architecture", fmt::format("{} is missing", *keys.begin()),
         "name the config.json that was published with the model, or its GGUF file");
  return 0;
}

bool ConfigReader::flag(Keys keys, bool fallback) const {
  const Json* value = find(keys);
  return value == nullptr ? fallback : value->as_bool(fallback);
}

std::string_view ConfigReader::text(Keys keys) const {
  const Json* value = find(keys);
  return value == nullptr ? std::string_view{} : value->as_string();
}

const Json& ConfigReader::of_layer(std::string_view key, std::int64_t layer) const {
  return at(key).at(static_cast<std::size_t>(layer));
}

void ConfigReader::refuse(std::string_view code, std::string message, std::string cure) {
  if (failed()) return;
  error_ = Error{ErrorKind::input, std::string(code), std::move(message), std::move(cure)};
}

Status ConfigReader::done() const {
  if (error_) return fail(*error_);
  return {};
}

}  // namespace joulebook::physics
