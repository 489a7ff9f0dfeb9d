#pragma once
// A text cut into tokens for the grammar of text_rules.h. Pure; views point into their argument.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace joulebook {

struct TextToken {
  enum class Kind : std::uint8_t {
    word,    // letters, bytes above 0x7f, and hyphens and apostrophes between them
    number,  // digits, and '.', ',', '/', '-' between them
    mark,    // one other character: punctuation, '$', "£", "€"
    line,    // a line break
  };
  Kind kind = Kind::mark;
  std::string_view text;
  std::size_t begin = 0;  // in the whole text
  bool glued = false;     // no blank before it

  [[nodiscard]] std::size_t end() const { return begin + text.size(); }
  // A word that begins with a capital letter of ASCII.
  [[nodiscard]] bool capital() const {
    return kind == Kind::word && text.front() >= 'A' && text.front() <= 'Z';
  }
};

[[nodiscard]] std::vector<TextToken> tokens_of(std::string_view text);

}  // namespace joulebook
