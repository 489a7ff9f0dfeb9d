#pragma once
// One random case of the proof of bounds: a sensor of known behaviour over a power known in closed
// form, the readings that a sampler took of it, and a window whose true energy is known.
//
// Times are seconds since the case's origin. Not thread-safe; buffers are kept between cases.
#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

#include "fakes/power_plant.h"
#include "sensor/sensor.h"

namespace joulebook::proof {

enum class Kind { ideal_counter, jittered_counter, instant_gauge, averaging_gauge, part_time_gauge,
                  busy_time };
enum class Wave { constant, steps, ramp, spikes, square };
inline constexpr int kKinds = 6;
inline constexpr int kWaves = 5;
inline constexpr int kLengths = 5;
inline constexpr double kLength[kLengths] = {0.1, 1, 10, 100, 1000};  // ticks

[[nodiscard]] std::string_view name(Kind kind);
[[nodiscard]] std::string_view name(Wave wave);

inline constexpr double kMostWatts = 1000;
inline constexpr double kHardwareThreads = 4;

// The model of a busy-time case: 10 W, and 20 J a busy CPU second.
inline constexpr double kIdleWatts = 10;
inline constexpr double kBusyWatts = 20;

[[nodiscard]] SteadyTime at(double seconds);
[[nodiscard]] double seconds(SteadyTime t);

class Plant {
 public:
  // What each kind does, beside what its SensorInfo states:
  //   ideal counter     publishes the energy up to each update, rounded down; updates early or late
  //                     by up to 0.45 ticks
  //   jittered counter  publishes the energy up to an instant 0 to 0.2 ticks before the update, times
  //                     a gain within the stated accuracy of 2 %
  //   instant gauge     publishes the power at the update
  //   averaging gauge   publishes the mean power over the 1, 3 or 10 ticks before the update; one in
  //                     four brings it up to date at the read itself
  //   part-time gauge   sees the last quarter of each tick
  //   busy time         counts whole jiffies of 10 ms of four threads, at the read itself
  // Reads: at 0.1 to 2.7 ticks, jittered by half; a latency of up to 0.3 periods; up to 30 % lost.
  void make(Kind kind, Wave wave, double length_ticks, std::uint64_t seed);

  SensorInfo info;
  Kind kind = Kind::ideal_counter;
  std::vector<RawReading> reads;
  std::vector<double> updates;  // when they really happened
  double begin = 0;             // of the window
  double end = 0;
  double tick = 0;
  double period = 0;  // nominal, of the reads

  // J of the window, as the sensor's kind defines it.
  [[nodiscard]] double truth() const;
  // What the sensor says to somebody who reads it at `t`.
  [[nodiscard]] std::uint64_t raw(double t) const;

 private:
  [[nodiscard]] double unit() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  [[nodiscard]] double watts() { return std::floor(1 + 999 * unit()); }
  template <class T, std::size_t N>
  [[nodiscard]] T one_of(const T (&list)[N]) {
    return list[static_cast<std::size_t>(unit() * N)];
  }
  void describe();
  void draw_power(Wave wave);
  void draw_updates(double until);
  void draw_reads(double from, double until);
  [[nodiscard]] std::uint64_t publish(double t) const;
  [[nodiscard]] double average(double t) const;
  [[nodiscard]] std::uint64_t rounded(double counts) const;
  [[nodiscard]] bool immediate() const { return kind == Kind::busy_time || info.tick.count() == 0; }

  std::mt19937_64 random_;
  fakes::PowerFunction power_ = fakes::PowerFunction::constant(0);
  std::vector<std::uint64_t> values_;
  double jitter_ = 0;
  double gain_ = 1;
  std::uint64_t start_ = 0;
};

}  // namespace joulebook::proof
