// Any bytes as a model file: an error or a description, never a crash.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gguf/gguf_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto file = joulebook::parse_gguf(bytes, "fuzz");
  if (!file) {
    if (file.error().code.empty() || file.error().cure.empty()) std::abort();
    return 0;
  }
  const bool sound = file->parameters() >= 0 && file->tensor_bytes() >= 0 &&
                     file->kv_bytes_per_token() >= 0 &&
                     file->quantisation().size() <= file->tensors.size();
  if (!sound) std::abort();
  return 0;
}
