#pragma once
// Text that arrives in pieces is passed on in whole characters.
#include <cstddef>
#include <string_view>

namespace joulebook {

// Length of `bytes` without a last character that has begun but may still be completed by bytes to
// come. What is invalid for good is not held back (valid_utf8 repairs it).
[[nodiscard]] std::size_t whole_characters(std::string_view bytes);

}  // namespace joulebook
