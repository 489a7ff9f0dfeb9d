#include "meter/calibration/square_wave.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace joulebook {
namespace {

constexpr std::array<std::pair<int, int>, 5> kRatios = {{{1, 2}, {2, 3}, {4, 5}, {6, 5}, {4, 3}}};
constexpr Nanos kShortest = std::chrono::microseconds(500);  // threads do not wake faster

class DenseReader {
 public:
  DenseReader(std::span<const std::unique_ptr<Sensor>> sensors, Nanos spacing, Clock& clock,
              DenseReadings& out)
      : sensors_(sensors), spacing_(spacing), clock_(clock), out_(out), due_(sensors.size()) {
    out_.readings.resize(sensors.size());
  }

  void round() {
    for (std::size_t i = 0; i < sensors_.size(); ++i) {
      const SteadyTime begin = clock_.now();
      if (begin < due_[i]) continue;
      if (const auto reading = sensors_[i]->read()) out_.readings[i].push_back(*reading);
      due_[i] = begin + std::max(spacing_, 4 * (clock_.now() - begin));
    }
  }

 private:
  std::span<const std::unique_ptr<Sensor>> sensors_;
  Nanos spacing_;
  Clock& clock_;
  DenseReadings& out_;
  std::vector<SteadyTime> due_;
};

}  // namespace

std::vector<LoadPiece> aliasing_plan(Nanos tick, Nanos length) {
  std::vector<LoadPiece> plan;
  if (tick.count() <= 0) return plan;
  for (const auto& [above, below] : kRatios) {
    const Nanos half = std::max(kShortest, tick * above / below / 2);
    const auto periods = std::max<std::int64_t>(1, length / 5 / (2 * half));
    for (std::int64_t i = 0; i < periods; ++i) {
      plan.push_back({half, true});
      plan.push_back({half, false});
    }
  }
  return plan;
}

void read_densely(std::span<const std::unique_ptr<Sensor>> sensors, std::span<const LoadPiece> plan,
                  int busy, Nanos spacing, LoadGenerator& load, GpuLoad* gpus, Clock& clock,
                  const std::function<bool()>& stop, DenseReadings& out) {
  DenseReader reader(sensors, spacing, clock, out);
  SteadyTime end = clock.now();
  for (const auto& piece : plan) {
    if (stop()) break;
    load.set(WorkKind::spin, piece.on ? busy : 0);
    // A kernel that cannot be started shows as a reading that does not follow the load.
    for (std::size_t i = 0; piece.on && gpus != nullptr && i < gpus->devices().size(); ++i) {
      (void)gpus->start(i, CudaKernel::fma_f32, gpus->devices()[i].multiprocessors, piece.length);
    }
    out.edges.push_back({clock.now(), piece.on ? 1.0 : 0.0});
    for (end = end + piece.length; clock.now() < end;) {
      reader.round();
      clock.sleep_until(std::min(end, clock.now() + spacing));
    }
  }
  load.set(WorkKind::spin, 0);
  out.edges.push_back({clock.now(), 0});
}

}  // namespace joulebook
