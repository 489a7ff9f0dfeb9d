#include "meter/calibration/plan.h"

#include <algorithm>
#include <set>

namespace joulebook {

using std::chrono::milliseconds;

CalibrationTimes CalibrationTimes::of(bool quick) {
  if (quick) {
    return {.look = milliseconds(600),
            .waves = milliseconds(2000),
            .steps = milliseconds(1600),
            .calm = milliseconds(300),
            .rest = milliseconds(1500),
            .slice = milliseconds(250),
            .warm = milliseconds(200),
            .level = milliseconds(400),
            .work_slice = milliseconds(50),
            .work_slices = 6,
            .gpu_warm = milliseconds(100),
            .gpu_level = milliseconds(300)};
  }
  return {.look = milliseconds(2000),
          .waves = milliseconds(11000),
          .steps = milliseconds(6000),
          .calm = milliseconds(1000),
          .rest = milliseconds(6000),
          .slice = milliseconds(500),
          .warm = milliseconds(600),
          .level = milliseconds(1500),
          .work_slice = milliseconds(100),
          .work_slices = 12,
          .gpu_warm = milliseconds(300),
          .gpu_level = milliseconds(600)};
}

std::vector<LoadPiece> steady_plan(Nanos length) {
  std::vector<LoadPiece> plan;
  constexpr Nanos kOn = milliseconds(37);
  constexpr Nanos kOff = milliseconds(29);
  for (Nanos at{0}; at < length; at += kOn + kOff) {
    plan.push_back({kOn, true});
    plan.push_back({kOff, false});
  }
  return plan;
}

std::vector<LoadPiece> step_plan(Nanos length) {
  const Nanos each = length / 4;
  return {{each, true}, {each, false}, {each, true}, {each, false}};
}

std::vector<Nanos> gauge_ticks(std::span<const SensorInfo> infos, const DenseReadings& dense,
                               std::span<const std::string> loaded) {
  std::vector<Nanos> ticks;
  for (std::size_t i = 0; i < infos.size(); ++i) {
    if (infos[i].kind != SensorKind::power_gauge) continue;
    if (std::find(loaded.begin(), loaded.end(), infos[i].device) == loaded.end()) continue;
    const Quantity seen = fit_tick(dense.readings[i]);
    const Nanos tick =
        seen.present() ? Nanos(static_cast<std::int64_t>(*seen.value * 1e9)) : infos[i].tick;
    const bool known = std::any_of(ticks.begin(), ticks.end(), [&](Nanos other) {
      return std::chrono::abs(other - tick) * 10 < other;
    });
    if (tick.count() > 0 && !known && ticks.size() < 3) ticks.push_back(tick);
  }
  return ticks;
}

std::vector<int> response_levels(int threads) {
  std::set<int> levels = {1, threads};
  for (const int quarter : {1, 2, 3}) levels.insert(std::max(1, threads * quarter / 4));
  return {levels.begin(), levels.end()};
}

std::vector<int> gpu_levels(int multiprocessors) {
  std::set<int> levels = {multiprocessors};
  for (const int third : {1, 2}) levels.insert(std::max(1, multiprocessors * third / 3));
  return {levels.begin(), levels.end()};
}

}  // namespace joulebook
