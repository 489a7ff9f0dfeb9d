#pragma once
// Sensor descriptions as JSON and back without loss: the header of a trace, `sensors --json`.
// Members: docs/formats/trace.md.
#include "core/json.h"
#include "sensor/sensor.h"

namespace joulebook {

[[nodiscard]] Json sensor_to_json(const SensorInfo& info);
// Errors: input "trace.malformed".
[[nodiscard]] Result<SensorInfo> sensor_from_json(const Json& json);

}  // namespace joulebook
