#pragma once
// What `--sensor SPEC` names: SCHEME:PLACE[?KEY=VALUE&...] (docs/sensors/remote.md). Secrets are
// refused here; they are named by file or variable. Pure.
#include <joulebook/result.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/sensor.h"

namespace joulebook {

struct SensorSpec {
  std::string scheme;  // exec, serial, tcp, ipmi, redfish, redfish+http, shelly, shelly+https,
                       // tasmota, tasmota+https, powermetrics
  std::string place;   // path, host, or command line
  int port = 0;        // 0: the scheme's own
  std::map<std::string, std::string> options;

  // The spec without its options: what may be shown and names the sensor.
  [[nodiscard]] std::string id() const;
  [[nodiscard]] std::string option(const std::string& key, const std::string& fallback = {}) const;
  // The words of an exec spec, split as a shell would at spaces outside quotes; no expansion.
  [[nodiscard]] std::vector<std::string> words() const;
  // Lays domain, name, tick, averages, accuracy and max of the options over a description.
  void adjust(SensorInfo& info) const;
};

// Errors: usage "sensor.spec" (unknown scheme or option, bad number), "sensor.secret".
[[nodiscard]] Result<SensorSpec> parse_sensor_spec(std::string_view text);

}  // namespace joulebook
