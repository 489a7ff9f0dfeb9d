#pragma once
// The sensors as a calibration reads them: round by round, on the caller's thread and any clock.
#include <functional>
#include <memory>
#include <vector>

#include "core/clock.h"
#include "core/file_tree.h"
#include "meter/sampler.h"
#include "sensor/sensor.h"

namespace joulebook {

class Watch {
 public:
  // All outlive it. Where `stop` says so it waits no longer; what it then says may be an absence.
  Watch(std::vector<std::unique_ptr<Sensor>> sensors, std::shared_ptr<const FileTree> files, Clock& clock,
        const std::function<bool()>& stop);

  void sample_until(SteadyTime until);
  // Until `t` is closed, or cannot be.
  void settle(SteadyTime t);
  [[nodiscard]] WindowEnergy energy(const Window& window) const { return sampler_.core().energy(window); }
  // What a window of `length` from now on says, the load left as it is.
  [[nodiscard]] WindowEnergy window(const char* name, Nanos length);

 private:
  void round(bool fresh);

  Clock& clock_;
  const std::function<bool()>& stop_;
  Sampler sampler_;
};

}  // namespace joulebook
