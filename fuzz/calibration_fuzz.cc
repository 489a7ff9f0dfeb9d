// Any bytes as a store of calibrations: what is read is written and read again the same, and traits
// taken from it are sane. Half of the inputs are a whole file; the rest are numbers (cut at '|') put
// in place of those of a sound store, equal ones for equal ones, which chance alone would never write.
// Fault planted on 2026-11-25: a trait's upper bound dropped, found after 20 s and 28,864 inputs.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "core/text.h"
#include "meter/calibration/reuse.h"
#include "meter/calibration/store.h"

namespace {

using namespace joulebook;

void use(const Calibration& calibration) {
  for (const auto& sensor : calibration.sensors) {
    SensorInfo info;
    info.kind = sensor.kind;
    const auto used = with_measured(info, sensor, calibration.measured_utc.substr(0, 10));
    const bool sane = used.tick.count() >= 0 && used.tick.count() <= 60'000'000'000 &&
                      used.averaging.count() >= 0 && used.averaging.count() <= 60'000'000'000 &&
                      used.duty > 0 && used.duty <= 1;
    if (!sane) std::abort();
  }
}

std::string sound_store() {
  Calibration one{.machine = {"cpu", 4, "6.1"}, .measured_utc = "2026-11-25T10:00:00.000Z"};
  for (const SensorKind kind : {SensorKind::power_gauge, SensorKind::energy_counter}) {
    SensorCalibration sensor{.id = "id", .domain = "gpu:0", .kind = kind};
    sensor.tick = Quantity::exact(0.02, "s");
    sensor.averaging = Quantity::exact(0.025, "s");
    sensor.duty = Quantity::exact(0.25, "1");
    one.sensors.push_back(std::move(sensor));
  }
  return store_json({one}).dump();
}

// The sound store with the k-th piece of the input for each number that is its k-th to be new; where
// there is none, or an empty one, the number stays.
std::string with_numbers(std::string_view input) {
  static const std::string good = sound_store();
  const auto pieces = split(input, '|');
  std::string out;
  std::vector<std::string_view> seen;
  for (std::size_t at = 0; at < good.size();) {
    const std::size_t end = std::min(good.find_first_not_of("0123456789.e-+", at), good.size());
    const bool number = end > at && at > 0 && good[at - 1] == ':';
    const std::size_t stop = std::max(end, at + 1);
    const std::string_view token = std::string_view(good).substr(at, stop - at);
    const auto known = std::find(seen.begin(), seen.end(), token);
    const auto which = static_cast<std::size_t>(known - seen.begin());
    if (number && known == seen.end()) seen.push_back(token);
    const bool other = number && which < pieces.size() && !pieces[which].empty();
    out += other ? pieces[which] : token;
    at = stop;
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto all = parse_store(data[0] % 2 == 0 ? std::string(bytes) : with_numbers(bytes));
  if (!all) return 0;
  const std::string text = store_json(*all).dump(1);
  const auto again = parse_store(text);
  if (!again || store_json(*again).dump(1) != text) std::abort();
  for (const auto& calibration : *all) use(calibration);
  return 0;
}
