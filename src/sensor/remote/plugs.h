#pragma once
// Smart plugs over HTTP: Shelly (first generation, and from the second on) and Tasmota.
//
// Preferred is power: their counters move in steps of 3.6 J (Shelly from Gen 2), 60 J (Gen 1) or
// 3600 J (Tasmota) and are published by the minute or seldomer, so the counter stands beside it as a
// mirror, DOMAIN.counter, and checks long windows. Power is taken for the mean of one second, as the
// metering chips form it: an assumption, so no greatest power is stated and the interval is one of
// 95 %.
#include "sensor/remote/web.h"

namespace joulebook {

enum class PlugKind { shelly1, shelly2, tasmota };

// The page to read, the sensors (power, counter) and how the page becomes values. Pure.
[[nodiscard]] WebMeter plug_meter(PlugKind kind, int channel, const std::string& id);

// Asks a Shelly which generation it is. Errors: those of get_json; "sensor.unsupported".
[[nodiscard]] Result<PlugKind> shelly_kind(const WebPlace& place, const Clock& clock);

}  // namespace joulebook
