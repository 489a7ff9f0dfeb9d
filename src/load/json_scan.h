#pragma once
// Walks over the members of a JSON object without building anything: what is wanted of a streamed
// piece is whether it holds text, a thousand streams at once. Values are handed on as their text.
// It checks that brackets, strings and separators fit together, not that every scalar is sound:
// parse a value that matters with parse_json. No allocation; depth is bounded (64).
#include <functional>
#include <string_view>

namespace joulebook::load {

// Receives a member's name as written between its quotes, and its value's text; false stops the
// walk.
using JsonMember = std::function<bool(std::string_view name, std::string_view value)>;
// Receives an item's text.
using JsonItem = std::function<bool(std::string_view value)>;

// False where the text is no such object / array. Blanks around it are allowed.
bool walk_object(std::string_view text, const JsonMember& member);
bool walk_array(std::string_view text, const JsonItem& item);

// A string value with at least one character in it.
[[nodiscard]] inline bool has_text(std::string_view value) {
  return value.size() > 2 && value.front() == '"';
}

}  // namespace joulebook::load
