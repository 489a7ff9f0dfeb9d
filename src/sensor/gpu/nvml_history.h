#pragma once
// The driver's ring of time-stamped power samples (nvmlDeviceGetSamples, NVML_TOTAL_POWER_SAMPLES),
// as a gauge: every sample is handed over once, oldest first, at its own instant, and the newest is
// repeated while there is none newer (see RawReading). So nothing that the driver saw between two
// polls is lost, and no sample is stamped with the time of the poll.
//
// Stamps are wall-clock microseconds of this machine's CPU; they are joined through the anchors
// read at this fetch and the one before. The ring (about 120 samples, some seconds) is fetched at
// most ten times a second.
#include <joulebook/result.h>

#include <memory>
#include <string>

#include "core/clock.h"
#include "sensor/gpu/nvml_api.h"
#include "sensor/sensor.h"

namespace joulebook {

// Errors: "sensor.unsupported" where the library, the driver or the board has no history,
// "sensor.malformed" where its stamps are not of this machine's clock.
[[nodiscard]] Result<std::unique_ptr<Sensor>> make_nvml_history(
    std::shared_ptr<const NvmlLibrary> library, NvmlDevice device, std::string uuid,
    SensorInfo info, Clock& clock);

}  // namespace joulebook
