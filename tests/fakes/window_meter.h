#pragma once
// A meter that says something of windows, and nothing else. Tests derive from it.
#include <vector>

#include "meter/meter.h"

namespace joulebook::fakes {

class WindowMeter : public Meter {
 public:
  [[nodiscard]] Status start() override { return {}; }
  void stop() override {}
  [[nodiscard]] SteadyTime now() const override { return {}; }
  void settle(SteadyTime) override {}
  [[nodiscard]] std::vector<PowerPoint> trace(SteadyTime, SteadyTime, std::size_t) const override { return {}; }
  [[nodiscard]] std::vector<SensorInfo> sensors() const override { return {}; }
  void register_self_thread() override {}
  void watch_processes(std::vector<int>) override {}
};

}  // namespace joulebook::fakes
