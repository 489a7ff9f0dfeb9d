#pragma once
// What a service that runs for long says of its sensors: which came, which went, which can no longer be read and
// which are back. A line each.
#include <map>
#include <string>
#include <vector>

#include "core/clock.h"
#include "export/live_state.h"
#include "gateway/metered_host.h"

namespace joulebook {

// Not thread-safe.
class SensorNews {
 public:
  // What they read now is no news. The meters outlive it.
  explicit SensorNews(std::vector<gateway::MeteredHost> hosts);

  // What changed since; looks every few seconds. A sensor is missed once it could not be read in two looks running.
  [[nodiscard]] std::vector<std::string> follow(SteadyTime now);
  // As of the newest look.
  [[nodiscard]] std::vector<gateway::SensorState> sensors() const;

 private:
  struct Sensor {
    std::string domain;
    int failed = 0;  // looks running
  };
  using Sensors = std::map<std::string, Sensor>;  // by id
  [[nodiscard]] static Sensors sensors_of(const gateway::MeteredHost& host, SteadyTime now);
  static void compare(const gateway::MeteredHost& host, const Sensors& before, Sensors& now,
                      std::vector<std::string>& lines);

  std::vector<gateway::MeteredHost> hosts_;
  std::vector<Sensors> known_;  // likewise
  SteadyTime looked_{0};
};

}  // namespace joulebook
