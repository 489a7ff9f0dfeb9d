#pragma once
// What the mock upstream reads and writes, byte by byte. Pure.
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace joulebook::fakes {

inline std::string chunk(std::string_view bytes) {
  char size[32];
  const int n = std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  std::string out(size, static_cast<std::size_t>(n));
  out += bytes;
  return out += "\r\n";
}

// The whole number after `name`, or -1.
inline long number_after(std::string_view text, std::string_view name) {
  const auto at = text.find(name);
  if (at == text.npos) return -1;
  return std::atol(std::string(text.substr(at + name.size(), 20)).c_str());
}

// Words of every "content" or "prompt" text.
inline int words_in(std::string_view body) {
  int words = 0;
  for (const std::string_view name : {"\"content\":\"", "\"prompt\":\""}) {
    for (auto at = body.find(name); at != body.npos; at = body.find(name, at)) {
      at += name.size();
      bool in_word = false;
      for (; at < body.size() && body[at] != '"'; ++at) {
        if (body[at] == '\\') ++at;
        const bool blank = body[at] == ' ';
        if (!blank && !in_word) ++words;
        in_word = !blank;
      }
    }
  }
  return words;
}

inline std::size_t content_length(std::string_view head) {
  std::string lower(head);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return static_cast<std::size_t>(std::max(0L, number_after(lower, "\r\ncontent-length:")));
}

}  // namespace joulebook::fakes
