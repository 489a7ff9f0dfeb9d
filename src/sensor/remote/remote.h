#pragma once
// Meters outside this machine's kernel, each named by a spec: `--sensor SPEC`
// (docs/sensors/remote.md).
#include <span>
#include <string>

#include "core/clock.h"
#include "sensor/sensor.h"

namespace joulebook {

// Opens each spec and starts its poller. What cannot be opened is a finding with its cure. Domains
// are made unique: a second wall:0 becomes wall:1, and a finding says so. Takes as long as the
// slowest meter needs for its first answer, at most about 10 s each.
[[nodiscard]] Discovery probe_remote(std::span<const std::string> specs, Clock& clock);

// What the ids of a spec's sensors begin with; empty where it makes no sense.
[[nodiscard]] std::string sensor_prefix(const std::string& spec);

// Whether a spec makes sense at all. Errors: usage "sensor.spec", "sensor.secret".
[[nodiscard]] Status check_sensor_spec(const std::string& spec);

}  // namespace joulebook
