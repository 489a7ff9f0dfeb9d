// Any bytes as an event stream: cut into pieces it gives the events that it gives whole.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/sse.h"

namespace {

std::vector<std::string> events(std::string_view bytes, std::size_t step) {
  std::vector<std::string> out;
  joulebook::SseParser parser([&](std::string_view data, std::string_view name) {
    out.push_back(std::string(name) + '\n' + std::string(data));
  });
  for (std::size_t at = 0; at < bytes.size(); at += step) parser.feed(bytes.substr(at, step));
  parser.finish();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = std::max<std::size_t>(1, data[0]);
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (events(bytes, step) != events(bytes, bytes.size() + 1)) std::abort();
  return 0;
}
