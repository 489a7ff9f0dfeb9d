#include "meter/delta.h"

#include <algorithm>
#include <array>

namespace joulebook {
namespace {

constexpr Nanos kLeastSlack = std::chrono::milliseconds(20);
constexpr double kNoDomainDraws = 100e3;  // W

// Counts that may plausibly have been added: since the last reading, and at once.
struct Plausible {
  double since, at_once;
};

Delta upwards(std::uint64_t moved, const Plausible& plausible, std::uint64_t range) {
  const auto counts = static_cast<double>(moved);
  if (counts > plausible.at_once) return {DeltaKind::reset};
  if (range > 0 && counts + static_cast<double>(range) <= plausible.since) return {DeltaKind::ambiguous};
  return {DeltaKind::value, moved};
}

bool looks_reset(std::uint64_t before, std::uint64_t after, double plausible) {
  return static_cast<double>(after) <= plausible || after < before / 2;
}

Delta downwards(std::uint64_t before, std::uint64_t after, const Plausible& plausible,
                std::uint64_t range) {
  if (range > 0 && before <= range) {
    const std::uint64_t moved = range - before + after;
    const auto counts = static_cast<double>(moved);
    if (counts + static_cast<double>(range) <= plausible.since) return {DeltaKind::ambiguous};
    if (counts <= plausible.at_once) return {DeltaKind::wrap, moved};
  }
  return {looks_reset(before, after, plausible.since) ? DeltaKind::reset : DeltaKind::backwards};
}

}  // namespace

std::string_view to_string(DeltaKind kind) {
  static constexpr std::array<std::string_view, 6> kNames = {"unchanged", "value",     "wrap",
                                                             "reset",     "backwards", "ambiguous"};
  return kNames[static_cast<std::size_t>(kind)];
}

CounterLimits CounterLimits::of(const SensorInfo& info) {
  const bool stated = info.kind == SensorKind::energy_counter && info.max_watts > 0;
  return {info.scale, info.range, stated ? kHeadroom * info.max_watts : kUnknownMaxWatts,
          info.tick};
}

double CounterLimits::plausible(Nanos elapsed) const {
  const Nanos slack = std::max(2 * tick, kLeastSlack);
  return Seconds(elapsed + slack).count() * (max_rate > 0 ? max_rate : kUnknownMaxWatts) / scale;
}

bool no_reading(const SensorInfo& info, std::uint64_t counts) {
  if (std::find(info.sentinels.begin(), info.sentinels.end(), counts) != info.sentinels.end()) {
    return true;
  }
  if (info.kind != SensorKind::power_gauge) return false;
  const double most = info.max_watts > 0 ? 10 * info.max_watts : kNoDomainDraws;
  return static_cast<double>(counts) * info.scale > most;
}

Delta counter_delta(std::uint64_t before, std::uint64_t after, Nanos elapsed,
                    const CounterLimits& limits, Nanos held) {
  const Plausible plausible{limits.plausible(elapsed), limits.plausible(std::max(elapsed, held))};
  if (after > before) return upwards(after - before, plausible, limits.range);
  if (after < before) return downwards(before, after, plausible, limits.range);
  const bool whole_turn = limits.range > 0 && static_cast<double>(limits.range) <= plausible.since;
  return {whole_turn ? DeltaKind::ambiguous : DeltaKind::unchanged};
}

}  // namespace joulebook
