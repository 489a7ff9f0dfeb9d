#pragma once
// The board's BMC through `ipmitool dcmi power reading`, out of process: one run a reading, at most
// 5 s. Its power is a whole number of watts.
#include "sensor/remote/poller.h"
#include "sensor/remote/spec.h"

namespace joulebook {

struct DcmiPower {
  double watts = 0;
  double least = 0;  // over the sampling period; 0: not said
  double most = 0;
  double average = 0;
  Nanos period{0};  // 0: not said
};

// What ipmitool printed. Errors: no_reading "sensor.malformed" (no reading in it, 0 W),
// "sensor.deactivated".
[[nodiscard]] Result<DcmiPower> parse_dcmi(std::string_view text);

// Asks once. Errors: no_reading "sensor.program", "sensor.permission", "sensor.unsupported",
// "sensor.lost", those of parse_dcmi.
[[nodiscard]] Result<std::unique_ptr<RemoteSource>> open_ipmi(const SensorSpec& spec, Clock& clock);

}  // namespace joulebook
