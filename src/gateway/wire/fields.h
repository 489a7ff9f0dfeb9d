#pragma once
// What a head's fields say. Pure.
#include <optional>
#include <span>
#include <string_view>

#include "gateway/exchange.h"

namespace joulebook::gateway {

// The value of the first field of that name, any case; empty where there is none.
[[nodiscard]] std::string_view field_of(std::span<const HeaderField> fields, std::string_view name);
// The token of an Authorization field's value with the scheme Bearer; nothing with another one.
[[nodiscard]] std::optional<std::string_view> bearer_token(std::string_view authorization);

}  // namespace joulebook::gateway
