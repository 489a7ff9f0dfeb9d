#include "gateway/head_edit.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "http/message_parser.h"

namespace joulebook::gateway {

void append_edited_head(std::string& out, std::string_view head, std::span<const std::string_view> without,
                        std::string_view more) {
  if (without.empty() && head.ends_with("\r\n\r\n")) {
    out += head.substr(0, head.size() - 2);
    out += more;
    out += "\r\n";
    return;
  }
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const std::string_view line = head.substr(0, end == head.npos ? head.size() : end + 2);
    head.remove_prefix(line.size());
    if (line == "\r\n") {
      out += more;
      out += line;
      break;
    }
    const std::string_view name = line.substr(0, line.find(':'));
    const bool left_out = std::any_of(without.begin(), without.end(), [&](std::string_view w) {
      return http::same_name(name, w);
    });
    if (!left_out) out += line;
  }
}

std::string edited_head(std::string_view head, std::span<const std::string_view> without, std::string_view more) {
  std::string out;
  out.reserve(head.size() + more.size());
  append_edited_head(out, head, without, more);
  return out;
}

std::string with_prefix(std::string_view head, std::string_view prefix) {
  const auto space = head.find(' ');
  std::string out(head);
  // An absolute target names its own place.
  if (space != head.npos && out.compare(space + 1, 1, "/") == 0) out.insert(space + 1, prefix);
  return out;
}

void append_chunk(std::string& out, std::string_view bytes) {
  if (bytes.empty()) return;
  std::array<char, 16> size;
  const auto end = std::to_chars(size.begin(), size.end(), bytes.size(), 16).ptr;
  out.append(size.data(), static_cast<std::size_t>(end - size.data()));
  out += "\r\n";
  out += bytes;
  out += "\r\n";
}

}  // namespace joulebook::gateway
