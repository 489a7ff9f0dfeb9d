#pragma once
// Lists of text as JSON arrays, and back. Pure.
#include <string>
#include <vector>

#include "core/json.h"

namespace joulebook {

[[nodiscard]] Json strings(const std::vector<std::string>& list);
// An item that is no text is an empty one; what is no array is an empty list.
[[nodiscard]] std::vector<std::string> strings(const Json& json);

}  // namespace joulebook
