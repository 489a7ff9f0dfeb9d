#include "meter/calibration/watch.h"

#include <utility>

namespace joulebook {
namespace {

constexpr Nanos kPeriod = std::chrono::milliseconds(10);

}  // namespace

Watch::Watch(std::vector<std::unique_ptr<Sensor>> sensors, std::shared_ptr<const FileTree> files, Clock& clock,
             const std::function<bool()>& stop)
    : clock_(clock),
      stop_(stop),
      sampler_(std::move(sensors), MeterOptions{.period = kPeriod, .most_share = 1}, clock, std::move(files)) {}

void Watch::round(bool fresh) {
  for (const auto& event : sampler_.read_all(fresh)) sampler_.apply(event);
}

void Watch::sample_until(SteadyTime until) {
  for (SteadyTime next = clock_.now(); next < until && !stop_(); next = next + kPeriod) {
    clock_.sleep_until(next);
    round(false);
  }
  clock_.sleep_until(until);
  round(true);
}

void Watch::settle(SteadyTime t) {
  const SteadyTime latest = t + sampler_.core().closing() + 2 * kPeriod;
  do {
    clock_.sleep_until(clock_.now() + kPeriod);
    round(true);
  } while (!sampler_.core().settled(t) && clock_.now() < latest && !stop_());
}

WindowEnergy Watch::window(const char* name, Nanos length) {
  round(true);
  const SteadyTime begin = clock_.now();
  sample_until(begin + length);
  settle(begin + length);
  return energy({name, begin, begin + length});
}

}  // namespace joulebook
