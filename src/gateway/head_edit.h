#pragma once
// The few changes that a proxy makes to a head, on its bytes: all other lines stay as they came. Pure.
#include <span>
#include <string>
#include <string_view>

namespace joulebook::gateway {

// `head` ends with its blank line. Lines of these names (any case) are left out; `more` (lines that
// end with CRLF each) comes before the blank line. Appended to `out`, or by itself.
void append_edited_head(std::string& out, std::string_view head, std::span<const std::string_view> without,
                        std::string_view more);
[[nodiscard]] std::string edited_head(std::string_view head, std::span<const std::string_view> without,
                                      std::string_view more);
// The start line's target with `prefix` before it.
[[nodiscard]] std::string with_prefix(std::string_view head, std::string_view prefix);
// One chunk of a chunked body; nothing for no bytes, since that would be its end.
void append_chunk(std::string& out, std::string_view bytes);

}  // namespace joulebook::gateway
