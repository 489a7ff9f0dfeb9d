#pragma once
// What a calibration is used for: measured traits in place of nominal ones (the same sensors,
// described as it found them), and the power at rest that is taken off for what is above idle.
#include <memory>
#include <vector>

#include "meter/calibration/record.h"
#include "meter/calibration/store.h"
#include "meter/idle_floor.h"
#include "sensor/sensor.h"

namespace joulebook {

// The traits of one sensor as measured; what was not measured stays nominal. The method says which
// were replaced: "..., tick measured 2026-11-25".
[[nodiscard]] SensorInfo with_measured(SensorInfo info, const SensorCalibration& measured,
                                       const std::string& date);

// Sensors that the calibration does not know are left as they are. Where none is known, nothing
// happens.
void reuse(std::vector<std::unique_ptr<Sensor>>& sensors, const CalibrationState& known);

// The temperature at rest may lie this far from that of the calibration: a cold morning, a warm
// afternoon, a fan. Stated, not measured.
inline constexpr double kFloorKelvins = 10;

// The power at rest of each sensor, with the age of the calibration in its method. Its error, all of
// it "idle_watts:<domain>", spans the slices of the rest, kFloorKelvins of the measured dependence on
// temperature, and reaches down to 0 where others were busy meanwhile.
[[nodiscard]] IdleFloors idle_floors(const CalibrationState& known);

}  // namespace joulebook
