#pragma once
// A power plant for tests: a powercap tree under a temporary sysroot whose power is a known
// closed-form function of time, so that the true energy of any window is known exactly.
//
// Each zone publishes, at every tick, the energy up to that instant, rounded down to its resolution
// and wrapped at its range: an ideal counter. tick(t) writes the files as they stand at steady time
// t; run() does the same from a thread against a clock. Files are replaced by rename, so a reader
// sees the old or the new value and never half of one, unless in_place() is asked for.
//
// Thread safety: all of a plant may be called from any thread (one lock).
#include <joulebook/units.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/clock.h"

namespace joulebook::fakes {

// Watts as a function of the seconds since the plant's origin, with its exact integral.
class PowerFunction {
 public:
  [[nodiscard]] static PowerFunction constant(double watts);
  // Piecewise constant: {seconds from which it holds, watts}, ascending; 0 W before the first.
  [[nodiscard]] static PowerFunction steps(std::vector<std::pair<double, double>> from_watts);
  // Linear from `begin_watts` at 0 to `end_watts` at `seconds`, constant from then on.
  [[nodiscard]] static PowerFunction ramp(double begin_watts, double end_watts, double seconds);
  // `high` for the first `duty` of every period, then `low`.
  [[nodiscard]] static PowerFunction square(double low, double high, double period,
                                            double duty = 0.5);

  [[nodiscard]] double watts(double t) const;
  // Joules over [0, t); 0 for t <= 0. Non-decreasing where the watts are not negative.
  [[nodiscard]] double joules(double t) const;
  // From `from` on it is `watts`. REQUIRES: not before what was said so far, and no period.
  void then(double from, double watts) { add(from, watts); }

 private:
  // Every form is a list of linear pieces, repeated with `period_` where that is positive.
  struct Piece {
    double from = 0;
    double watts = 0;
    double slope = 0;
    double joules = 0;  // of those before it
    [[nodiscard]] double until(double t) const;
  };
  void add(double from, double watts, double slope = 0);
  [[nodiscard]] double integral(double t) const;

  std::vector<Piece> pieces_;
  double period_ = 0;
};

struct ZoneSpec {
  std::string directory;  // below the base: "intel-rapl:0" or "intel-rapl:0/intel-rapl:0:0"
  std::string name;       // "package-0", "dram", "psys"
  PowerFunction power = PowerFunction::constant(0);
  Nanos tick = std::chrono::milliseconds(1);
  Nanos phase{0};                         // of the first update after the origin
  std::uint64_t resolution_uj = 61;       // the counter rounds down to multiples of this
  std::uint64_t range_uj = 262143328850;  // max_energy_range_uj; starts at 0 again after it
  std::uint64_t start_uj = 0;             // what the counter stood at when the origin was
};

class PowerPlant {
 public:
  // Makes `sysroot`/sys/class/powercap with every zone, as they stand at `origin`.
  PowerPlant(std::string sysroot, SteadyTime origin, std::vector<ZoneSpec> zones);
  ~PowerPlant();
  PowerPlant(const PowerPlant&) = delete;
  PowerPlant& operator=(const PowerPlant&) = delete;

  [[nodiscard]] const std::string& sysroot() const { return sysroot_; }
  // Path of a zone's file below the sysroot, e.g. path("package-0", "energy_uj"), and with it.
  [[nodiscard]] std::string path(const std::string& zone, const std::string& file) const;
  [[nodiscard]] std::string full_path(const std::string& zone, const std::string& file) const;

  // A zone draws so much from now on: work that a test starts, whenever the machine comes to it.
  void change(const std::string& zone, double watts, Clock& clock);
  // Rewrites every counter as it stands at `t`.
  void tick(SteadyTime t);
  // Keeps ticking against `clock` from a thread, at the shortest tick of all zones, until stop()
  // or the end of the plant.
  void run(Clock& clock);
  void stop();
  // The longest that run() went without a tick: on a machine that is busy with other things the
  // counters stand still for so long, whatever reads them.
  [[nodiscard]] double longest_pause_s() const { return 1e-9 * double(longest_pause_ns_.load()); }

  // True joules of the zone named over [begin, end).
  [[nodiscard]] Joules energy(const std::string& zone, SteadyTime begin, SteadyTime end) const;
  [[nodiscard]] Watts power(const std::string& zone, SteadyTime t) const;
  // What its energy_uj says at `t`, faults apart.
  [[nodiscard]] std::uint64_t counter_at(const std::string& zone, SteadyTime t) const;

  // Faults, each until heal(zone). `content` is what every tick writes instead of the counter
  // ("" empty, "garbage\n", a fixed number: a stuck counter).
  void publish(const std::string& zone, std::string content);
  // Removes the zone's counter file (a driver unloaded).
  void remove(const std::string& zone);
  void heal(const std::string& zone);
  // The counter starts at 0 again at `t`, as after a driver reload. Stays so after heal.
  void reset(const std::string& zone, SteadyTime t);
  // Overwrites the files in place instead of renaming (a kept descriptor then sees each update).
  void in_place(bool on);

 private:
  struct Zone {
    ZoneSpec spec;
    std::string directory;      // with the sysroot
    std::uint64_t base_uj = 0;  // taken off the energy since the origin, by resets
  };

  [[nodiscard]] const Zone& find(const std::string& name) const;
  [[nodiscard]] std::uint64_t since_origin_uj(const Zone& zone, SteadyTime t) const;
  [[nodiscard]] std::uint64_t counter(const Zone& zone, SteadyTime t) const;
  void write(const Zone& zone, const std::string& content) const;

  std::string sysroot_;
  SteadyTime origin_;
  std::vector<Zone> zones_;
  std::map<std::string, std::string> published_;  // faults by zone name
  std::map<std::string, bool> removed_;
  bool in_place_ = false;
  mutable std::mutex mutex_;
  std::atomic<bool> running_{false};
  std::atomic<std::int64_t> longest_pause_ns_{0};
  std::thread thread_;
};

// One socket with a DRAM zone, as a small server has it: package-0 with dram nested below it.
[[nodiscard]] std::vector<ZoneSpec> small_server(PowerFunction package, PowerFunction dram);

// Writes a file and the folders above it. Aborts the test program where it cannot.
void put_file(const std::string& path, const std::string& content);

}  // namespace joulebook::fakes
