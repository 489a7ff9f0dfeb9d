#pragma once
// A BMC through Redfish: the power of the first chassis that states one.
//
// Looked at in this order (DMTF DSP0268): EnvironmentMetrics (PowerWatts, EnergyJoules, EnergykWh),
// then Power (PowerControl[0].PowerConsumedWatts). A counter in joules is preferred to power, which
// then mirrors it (DOMAIN.gauge); a counter in kWh is too coarse and mirrors power (DOMAIN.counter).
// The mean that PowerControl[0].PowerMetrics states over IntervalInMin mirrors the power
// (DOMAIN.average), with that averaging time; where there is no power, it stands alone.
// 0 W from a BMC that answers is no reading: the machine that it manages runs.
#include "sensor/remote/web.h"

namespace joulebook {

// Finds out what to read. Errors: those of get_json; no_reading "sensor.unsupported" where no
// chassis states a power.
[[nodiscard]] Result<WebMeter> redfish_meter(const WebPlace& place, const std::string& chassis,
                                             const std::string& id, const Clock& clock);

// The two kinds of page, each as a meter; nothing where the page states no power. Pure.
[[nodiscard]] std::optional<WebMeter> environment_meter(const Json& page, const std::string& path,
                                                        const std::string& id);
[[nodiscard]] std::optional<WebMeter> power_meter(const Json& page, const std::string& path,
                                                  const std::string& id);
// A Sensor resource of ReadingType Power.
[[nodiscard]] std::optional<WebMeter> sensor_meter(const Json& page, const std::string& path,
                                                   const std::string& id);

}  // namespace joulebook
