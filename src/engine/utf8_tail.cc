#include "engine/utf8_tail.h"

#include <algorithm>

#include "core/text.h"

namespace joulebook {
namespace {

// Bytes of the character that a lead byte announces; 0 where it is none.
std::size_t announced(unsigned char lead) {
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

bool continues(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// Whether some bytes to come could make a valid character of this start: the second byte of four
// leads is narrower than a continuation byte (Unicode 15, table 3-7).
bool may_become_valid(std::string_view start) {
  if (start.size() < 2) return true;
  const auto lead = static_cast<unsigned char>(start[0]);
  const auto second = static_cast<unsigned char>(start[1]);
  if (lead == 0xE0) return second >= 0xA0;
  if (lead == 0xED) return second <= 0x9F;
  if (lead == 0xF0) return second >= 0x90;
  if (lead == 0xF4) return second <= 0x8F;
  return true;
}

}  // namespace

std::size_t whole_characters(std::string_view bytes) {
  const std::size_t reach = std::min<std::size_t>(3, bytes.size());
  for (std::size_t back = 1; back <= reach; ++back) {
    const auto byte = static_cast<unsigned char>(bytes[bytes.size() - back]);
    if (continues(byte)) continue;
    const bool open = announced(byte) > back && may_become_valid(bytes.substr(bytes.size() - back));
    return bytes.size() - (open ? back : 0);
  }
  return bytes.size();
}

}  // namespace joulebook
