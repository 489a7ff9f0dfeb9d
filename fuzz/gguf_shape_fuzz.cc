// Any bytes as a GGUF file whose shape is asked for: an error, or a shape that can be.
// Fault planted on 2026-11-26: a shape given without being judged, found after 3,800 inputs that began
// with two headers of one layer. Not found within a minute: widths taken from tensors without a bound,
// since a file must hold what its tensors claim.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "physics/shape/counts.h"
#include "physics/shape/gguf_shape.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace joulebook;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto file = parse_gguf(bytes, "fuzz");
  if (!file) return 0;
  const auto shape = physics::shape_from_gguf(*file, "fuzz");
  if (!shape) {
    if (shape.error().code.empty() || shape.error().cure.empty()) std::abort();
    return 0;
  }
  const auto counted = static_cast<double>(physics::total_parameters(*shape));
  const bool sound = physics::validate(*shape).has_value() && counted > 0 &&
                     physics::weight_bytes_stored(*shape) > 0 &&
                     physics::kv_bytes_per_token(*shape) >= 0;
  if (!sound) std::abort();
  return 0;
}
