// Any bytes as a model's output: cut into pieces it splits as it splits whole, into valid UTF-8.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

#include "core/text.h"
#include "engine/think_splitter.h"

namespace {

std::pair<std::string, std::string> split(std::string_view bytes, std::size_t step, bool thinking) {
  std::pair<std::string, std::string> out;
  joulebook::ThinkSplitter splitter(thinking, [&](joulebook::Phase phase, std::string_view text) {
    if (!joulebook::is_valid_utf8(text)) std::abort();
    (phase == joulebook::Phase::reason ? out.first : out.second) += text;
  });
  for (std::size_t at = 0; at < bytes.size(); at += step) splitter.feed(bytes.substr(at, step));
  splitter.finish();
  if (splitter.holding()) std::abort();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = std::max<std::size_t>(1, data[0] / 2);
  const bool thinking = data[0] % 2 == 1;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (split(bytes, step, thinking) != split(bytes, bytes.size() + 1, thinking)) std::abort();
  return 0;
}
