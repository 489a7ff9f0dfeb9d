#include "study/words.h"

#include <cctype>

namespace joulebook {

std::int64_t count_words(std::string_view text) {
  std::int64_t words = 0;
  bool counted = false;  // the present run has been counted
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isspace(byte) != 0) {
      counted = false;
    } else if (!counted && (byte > 0x7f || std::isalnum(byte) != 0)) {
      counted = true;
      ++words;
    }
  }
  return words;
}

}  // namespace joulebook
