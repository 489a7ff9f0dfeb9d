#pragma once
// Words of an answer, for joules per word.
#include <cstdint>
#include <string_view>

namespace joulebook {

// Runs of non-blank bytes that hold at least one letter or digit (any byte above 0x7f counts as a
// letter, so "it's" is one word, "-" none, and a run of Chinese is one). Blank: ASCII white space.
[[nodiscard]] std::int64_t count_words(std::string_view text);

}  // namespace joulebook
