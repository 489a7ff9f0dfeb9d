#pragma once
// The meter: a sampler thread feeds one energy curve a domain; any window can then be asked for.
//
// Threads: open/start/stop from one thread; mark_now, energy, trace and settle from any.
#include <joulebook/result.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/file_tree.h"
#include "meter/idle_floor.h"
#include "meter/window.h"
#include "sensor/gpu/device_use.h"
#include "sensor/read_cost.h"
#include "sensor/sensor.h"

namespace joulebook {

struct MeterOptions {
  Nanos period = std::chrono::milliseconds(10);  // between two rounds of readings
  // Of one core, that reading may cost: sensors of dear readings are read seldomer (read_pace.h); 1: no limit.
  double most_share = 0.02;
  Nanos max_gap = std::chrono::seconds(3);       // a longer gap without samples voids a window
  std::string record_path;                       // raw samples are kept there; empty: not kept
  // Devices that the total covers, as devices_named() takes them; empty: those that the watched
  // processes use, as far as `look` can tell, else all (device_choice.h).
  std::vector<std::string> devices;
  // Tells which GPUs these processes and their descendants use; null: nobody looks.
  std::function<std::vector<DeviceUse>(const std::vector<int>&)> look;
  IdleFloors floors = {};  // power at rest, for what is above idle
  // Receives a trace (record.h) as it grows: its header at the start, then a block about every
  // 200 ms, from the sampler's thread under the meter's lock: it must not block or call the meter.
  std::function<void(std::string_view)> publish = {};
};

class Meter {
 public:
  virtual ~Meter() = default;
  // Takes the first samples and starts the sampler thread.
  [[nodiscard]] virtual Status start() = 0;
  // Takes the closing samples and joins the thread. Idempotent.
  virtual void stop() = 0;
  // A mark: sensors that are read seldom are read around it.
  [[nodiscard]] virtual SteadyTime now() const = 0;
  // An edge of a window at `t`, a moment ago or to come: the same sensors are read around it. The newest one
  // of each kind counts.
  virtual void edge(SteadyTime /*t*/) {}
  // What a reading of each sensor costs, in the order of sensors(). Takes readings, and blocks until there are enough:
  // a few rounds. Empty where nobody reads here: another machine's meter, a replay.
  [[nodiscard]] virtual std::vector<ReadCost> read_costs() { return {}; }
  // Blocks until the change that closes `t` was seen on every live sensor, at most three ticks of
  // the slowest (see MeterCore::closing); then energy() up to `t` is final.
  virtual void settle(SteadyTime t) = 0;
  // Never fails as a whole: what cannot be known is an absence with its reason inside.
  [[nodiscard]] virtual WindowEnergy energy(const Window& window) const = 0;
  // Power of the total over [begin, end), at most `points` points, for pictures.
  [[nodiscard]] virtual std::vector<PowerPoint> trace(SteadyTime begin, SteadyTime end,
                                                      std::size_t points) const = 0;
  // Describes every sensor in use.
  [[nodiscard]] virtual std::vector<SensorInfo> sensors() const = 0;
  // Joulebook's own threads announce themselves, so that the observer pays (Law 6). Call on the
  // thread itself: its CPU clock is read from then on until it ends.
  virtual void register_self_thread() = 0;
  // Whose CPU time is the measured tree's: pids (their descendants are followed).
  // The GPUs that they use are looked for while the meter runs.
  virtual void watch_processes(std::vector<int> pids) = 0;
  // Looks now at which GPUs the watched processes use.
  virtual void look() {}
  // Keeps a remark (a window, a mark) in the recording, where there is one.
  virtual void note(const Json&) {}
};

// Opens a meter over the sensors given (may be empty: every energy is then an absence).
// Errors: usage "meter.period", "device.unknown"; those of writing a recording.
[[nodiscard]] Result<std::unique_ptr<Meter>> open_meter(
    std::vector<std::unique_ptr<Sensor>> sensors, MeterOptions options, Clock& clock,
    std::shared_ptr<const FileTree> files);

}  // namespace joulebook
