#include "gateway/wire/fields.h"

#include "core/text.h"
#include "http/message_parser.h"

namespace joulebook::gateway {

std::string_view field_of(std::span<const HeaderField> fields, std::string_view name) {
  for (const auto& field : fields) {
    if (http::same_name(field.name, name)) return field.value;
  }
  return {};
}

std::optional<std::string_view> bearer_token(std::string_view authorization) {
  const auto space = authorization.find(' ');
  if (space == authorization.npos) return std::nullopt;
  if (!http::same_name(authorization.substr(0, space), "bearer")) return std::nullopt;
  return trim(authorization.substr(space));
}

}  // namespace joulebook::gateway
