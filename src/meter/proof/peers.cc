#include "meter/proof/peers.h"

#include <algorithm>
#include <cmath>

namespace joulebook::proof {
namespace {

bool gauge(const Plant& plant) { return plant.info.kind == SensorKind::power_gauge; }

// All of them correct one wrap.
double growth(const Plant& plant, std::uint64_t from, std::uint64_t to) {
  const std::uint64_t turn = to < from ? plant.info.range : 0;
  const double units = static_cast<double>(turn + to - from) * plant.info.scale;
  return units;
}

double model(const Plant& plant, double busy) {
  return kIdleWatts * (plant.end - plant.begin) + kBusyWatts * busy;
}

std::vector<RawReading> inside(const Plant& plant) {
  std::vector<RawReading> out;
  for (const auto& read : plant.reads) {
    if (read.begin >= at(plant.begin) && read.end <= at(plant.end)) out.push_back(read);
  }
  return out;
}

}  // namespace

std::optional<double> naive(const Plant& plant) {
  const auto reads = inside(plant);
  if (reads.empty()) return std::nullopt;
  if (gauge(plant)) {
    double joules = 0;
    for (const auto& read : reads) {
      joules += static_cast<double>(read.counts) * plant.info.scale * plant.period;
    }
    return joules;
  }
  const double grown = growth(plant, reads.front().counts, reads.back().counts);
  return plant.kind == Kind::busy_time ? model(plant, grown) : grown;
}

std::optional<double> zeus(const Plant& plant) {
  if (plant.kind == Kind::busy_time) return std::nullopt;
  if (!gauge(plant)) return growth(plant, plant.raw(plant.begin), plant.raw(plant.end));
  auto reads = inside(plant);
  const auto same = [](const RawReading& a, const RawReading& b) { return a.counts == b.counts; };
  reads.erase(std::unique(reads.begin(), reads.end(), same), reads.end());
  if (reads.size() < 2) return std::nullopt;
  double joules = 0;
  for (std::size_t i = 1; i < reads.size(); ++i) {
    const double watts =
        static_cast<double>(reads[i].counts + reads[i - 1].counts) / 2 * plant.info.scale;
    joules += watts * (seconds(reads[i].end) - seconds(reads[i - 1].end));
  }
  return joules;
}

std::optional<double> code_carbon(const Plant& plant) {
  constexpr double kPeriod = 15;
  constexpr double kTdp = kIdleWatts + kBusyWatts * kHardwareThreads;
  double joules = 0;
  for (double from = plant.begin; from < plant.end; from += kPeriod) {
    const double to = std::min(from + kPeriod, plant.end);
    const std::uint64_t now = plant.raw(to);
    if (gauge(plant)) {
      joules += static_cast<double>(now) * plant.info.scale * (to - from);
      continue;
    }
    const double grown = growth(plant, plant.raw(from), now);
    if (plant.kind != Kind::busy_time) {
      joules += grown;
      continue;
    }
    const double load = grown / (kHardwareThreads * (to - from));
    joules += kTdp * (0.1 + 0.9 * std::pow(load, 3)) * (to - from);
  }
  return joules;
}

}  // namespace joulebook::proof
