#pragma once
// A meter whose sensors may come later, or come back: what can be read is looked for again at a calm pace, and
// where there is news another meter is opened over all of it. For a while both read; then the new one takes over.
// A window that began before the new one did is the old one's to the end, so none is lost at the seam and what was
// said of time before stays as it was. A sensor that vanished stays an absence until it is back: no figure begins
// to leave out what it covered before.
#include <time.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "meter/meter.h"

namespace joulebook {

struct Renewal {
  using Publish = std::function<void(std::string_view)>;
  // What can be read now. May leave out sensors in use that need no looking for. Takes as long as it takes.
  std::function<std::vector<SensorInfo>(const std::vector<SensorInfo>& in_use)> look;
  // Opens a meter over all that can be read now; `publish` as MeterOptions has it.
  std::function<Result<std::unique_ptr<Meter>>(Publish publish)> open;
  // Receives the trace of the meter that answers: a header each time that another takes over.
  Publish publish = {};
  Nanos pace = std::chrono::minutes(1);
  // For which both read: longer than any window, and what it waits to be asked for.
  Nanos overlap = std::chrono::seconds(30);
  // Why there is no energy while nothing can be read.
  Reason none{"sensor.none", "no sensor can be read on this machine", "see `joulebook doctor` for what is missing"};
};

class RenewedMeter : public Meter {
 public:
  // Sensors are looked for again soon. Any thread.
  virtual void renew() = 0;
};

// A thread of its own looks. Errors: those of the first `open`.
[[nodiscard]] Result<std::unique_ptr<RenewedMeter>> open_renewed_meter(Renewal renewal, Clock& clock);

// Ids of the covered sensors that cannot be read now.
[[nodiscard]] std::vector<std::string> silent_sensors(const Meter& meter, SteadyTime now);

// A meter to which threads can be made known by their CPU clocks, by whichever thread: one that takes over has
// those that announced themselves to the one before.
class ThreadClocks {
 public:
  virtual ~ThreadClocks() = default;
  virtual void register_thread(clockid_t clock) = 0;
};

}  // namespace joulebook
