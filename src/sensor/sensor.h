#pragma once
// The sensor seam: one thing that can be read. Either an energy counter (cumulative joules), a
// power gauge (watts), or, for the model of a machine without sensors, a counter of busy CPU time.
//
// Readings are raw integers with the instants between which they were taken; everything that turns
// them into joules with bounds lives in `meter`, so that a recorded run replays to the last bit.
#include <joulebook/quantity.h>
#include <joulebook/result.h>
#include <joulebook/units.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/json.h"

namespace joulebook {

enum class SensorKind { energy_counter, power_gauge, busy_time };

[[nodiscard]] std::string_view to_string(SensorKind kind);

// What a sensor covers and how far it can be trusted. All stated, none assumed: `accuracy` of 0
// means the vendor states an exact count, not that nothing is known.
struct SensorInfo {
  std::string id;      // stable: "powercap:intel-rapl:0", "nvml:GPU-<uuid>:energy"
  std::string domain;  // "kind:instance": "package:0", "gpu:1", "node:0"
  std::string name;    // for people: "package-0", "NVIDIA H100 80GB HBM3"
  std::string device;  // what counts as one device: "cpu", "gpu:GPU-<uuid>"
  SensorKind kind = SensorKind::energy_counter;
  double scale = 1e-6;      // J (counter), W (gauge) or s (busy time) per raw count
  std::uint64_t range = 0;  // counter: counts after which it starts at 0 again; 0: never, or not
                            // known (a finding says so): a fall is then a reset, never a wrap
  std::uint64_t resolution = 1;  // counts between two values that the reading can take
  Nanos tick{0};                 // nominal update period; 0: changes continuously
  Nanos averaging{0};            // gauges: the window the reading averages over; 0: instant
  double duty = 1;               // gauges: share of time the hardware really observes, (0, 1]
  double accuracy = 0;           // stated relative error of gain, +-
  double max_watts = 0;          // greatest power plausible for the domain; 0: unknown
  std::vector<std::uint64_t> sentinels;  // raw values that say "no reading": 0xFFFFFFFF
  Tier tier = Tier::measured;
  std::string method;                    // "RAPL counter through powercap"
  std::vector<std::string> contains;     // domains wholly inside this one
  std::vector<std::string> mirrors;      // the same energy seen by another sensor
  std::vector<std::string> may_contain;  // overlap unknown: never summed with these
};

// One read: the counter's value was true at some instant in [begin, end]. A sensor whose readings
// are taken elsewhere (a poller's) hands each over with its own instants, oldest first, and repeats
// the newest while there is nothing new.
struct RawReading {
  std::uint64_t counts = 0;
  SteadyTime begin;
  SteadyTime end;
};

// How busy CPU time becomes joules. Only sensors of kind busy_time carry one.
class EnergyModel {
 public:
  virtual ~EnergyModel() = default;
  // J of the whole machine (or this guest's share of its node) over `duration`, of which `busy`
  // CPU seconds (summed over hardware threads) were spent, known to lie in `bounds`.
  // Tier modelled; shared parts "idle_watts", "active_watts", "load_curve", "instruction_mix".
  [[nodiscard]] virtual Quantity machine(Seconds duration, double busy, Interval bounds) const = 0;
  // J that `busy` CPU seconds of some processes add above idle. Same shared parts but idle.
  [[nodiscard]] virtual Quantity processes(double busy, Interval bounds) const = 0;
  // Everything needed to make the same model again (see make_model in machine_model.h).
  [[nodiscard]] virtual Json describe() const = 0;
};

// Not thread-safe: one thread (the sampler) reads. No allocation on the success path.
class Sensor {
 public:
  virtual ~Sensor() = default;
  [[nodiscard]] virtual const SensorInfo& info() const = 0;
  // Errors: no_reading with a reason code ("sensor.missing", "sensor.permission",
  // "sensor.malformed", "sensor.lost", "sensor.unsupported").
  [[nodiscard]] virtual Result<RawReading> read() = 0;
  // CPU seconds that threads and programs of the sensor's own (a poller) have spent so far; the
  // observer pays for them. Any thread.
  [[nodiscard]] virtual double own_cpu_seconds() const { return 0; }
  // Null for every sensor that measures energy or power itself. Lives as long as the sensor.
  [[nodiscard]] virtual const EnergyModel* model() const { return nullptr; }
};

// Something `doctor` has to say: what is missing or doubtful, and the exact cure.
struct Finding {
  enum class Level { ok, note, problem };
  Level level = Level::note;
  std::string subject;  // "powercap", "nvml", "machine model"
  Reason reason;
};

// What a vendor's probe brings home.
struct Discovery {
  std::vector<std::unique_ptr<Sensor>> sensors;
  std::vector<Finding> findings;
};

}  // namespace joulebook
