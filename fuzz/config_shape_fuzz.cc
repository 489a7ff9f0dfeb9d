// Any bytes as a config.json: an error that says what is wrong and what would help, or a shape that
// can be, whose counts are finite and ordered.
// Fault planted on 2026-11-26: numbers of any size taken for whole ones, found after 3,200 inputs that
// began with the 33 files of config_shape_test.cc.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "physics/shape/config_shape.h"
#include "physics/shape/counts.h"

namespace {

void require(bool ok) {
  if (!ok) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace joulebook::physics;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto shape = shape_from_config(text, "fuzz");
  if (!shape) {
    require(!shape.error().code.empty() && !shape.error().message.empty());
    require(!shape.error().cure.empty());
    return 0;
  }
  require(validate(*shape).has_value());
  require(active_parameters(*shape) <= total_parameters(*shape));
  require(total_parameters(*shape) > 0);
  require(kv_bytes_held(*shape, 1000) <= kv_bytes_per_token(*shape) * 1000 + 1);
  require(std::isfinite(prefill_flops(*shape, 1000)) && prefill_flops(*shape, 1000) > 0);
  require(weight_bytes_stored(*shape) > 0 && shape->layer_count() >= 1);
  return 0;
}
