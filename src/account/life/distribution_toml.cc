#include "account/life/distribution_toml.h"

namespace joulebook::account {

Status take_distribution(const TomlDocument& doc, const std::string& path, const Json& value, const char* unit, std::optional<Distribution>& into) {
  if (value.is_null()) return {};
  const std::string text = value.is_string() ? std::string(value.as_string()) : value.dump();
  auto d = Distribution::parse(text, unit);
  if (!d) {
    Error placed = toml_error(doc, path, d.error().message, d.error().cure).value();
    placed.code = d.error().code;
    return fail(std::move(placed));
  }
  into = std::move(*d);
  return {};
}

Status take_distribution(const TomlDocument& doc, const std::string& path, const Json& value, const char* unit, Distribution& into) {
  std::optional<Distribution> read;
  if (auto ok = take_distribution(doc, path, value, unit, read); !ok) return ok;
  if (read) into = std::move(*read);
  return {};
}

}  // namespace joulebook::account
