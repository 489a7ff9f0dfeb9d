#pragma once
// Measured traits in place of nominal ones: the same sensors, described as the calibration found
// them.
#include <memory>
#include <vector>

#include "meter/calibration/record.h"
#include "sensor/sensor.h"

namespace joulebook {

// The traits of one sensor as measured; what was not measured stays nominal. The method says which
// were replaced: "..., tick measured 2026-11-25".
[[nodiscard]] SensorInfo with_measured(SensorInfo info, const SensorCalibration& measured,
                                       const std::string& date);

// Sensors that the calibration does not know are left as they are.
void reuse(std::vector<std::unique_ptr<Sensor>>& sensors, const Calibration& calibration);

}  // namespace joulebook
