// Any bytes as a store of calibrations: what is read is written and read again the same, and traits
// taken from it are sane.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "meter/calibration/reuse.h"
#include "meter/calibration/store.h"

namespace {

void use(const joulebook::Calibration& calibration) {
  for (const auto& sensor : calibration.sensors) {
    joulebook::SensorInfo info;
    info.kind = sensor.kind;
    const auto used = joulebook::with_measured(info, sensor, calibration.measured_utc.substr(0, 10));
    const bool sane = used.tick.count() >= 0 && used.tick.count() <= 60'000'000'000 &&
                      used.averaging.count() >= 0 && used.averaging.count() <= 60'000'000'000 &&
                      used.duty > 0 && used.duty <= 1;
    if (!sane) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto all = joulebook::parse_store({reinterpret_cast<const char*>(data), size});
  if (!all) return 0;
  const std::string text = joulebook::store_json(*all).dump(1);
  const auto again = joulebook::parse_store(text);
  if (!again || joulebook::store_json(*again).dump(1) != text) std::abort();
  for (const auto& calibration : *all) use(calibration);
  return 0;
}
