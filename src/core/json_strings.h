#pragma once
// Texts and lists of text as JSON, and back. Pure.
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace joulebook {

[[nodiscard]] Json strings(const std::vector<std::string>& list);
// An item that is no text is an empty one; what is no array is an empty list.
[[nodiscard]] std::vector<std::string> strings(const Json& json);
// Null where there is no text.
[[nodiscard]] Json text_or_null(std::string_view text);

}  // namespace joulebook
