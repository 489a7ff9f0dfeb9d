#pragma once
// Sensor descriptions as JSON and back without loss: the header of a trace, `sensors --json`.
// Members: docs/formats/trace.md.
#include "core/json.h"
#include "sensor/read_cost.h"
#include "sensor/sensor.h"

namespace joulebook {

[[nodiscard]] Json sensor_to_json(const SensorInfo& info);
// Errors: input "trace.malformed".
[[nodiscard]] Result<SensorInfo> sensor_from_json(const Json& json);

// {"by": "meter", "cpu_s", "interval_s"}; {"by": "poller"}; null where it is not known.
[[nodiscard]] Json to_json(const ReadCost& cost);
[[nodiscard]] ReadCost read_cost_from_json(const Json& json);

}  // namespace joulebook
