#pragma once
// Code points as UTF-8. Pure; thread-safe.
#include <string>

namespace joulebook {

// Appends a code point up to U+10FFFF.
void append_utf8(std::string& text, char32_t point);

}  // namespace joulebook
