#include "meter/proof/cells.h"

#include <cmath>
#include <thread>

#include "meter/domain_curve.h"
#include "meter/proof/oracle.h"
#include "meter/proof/peers.h"

namespace joulebook::proof {
namespace {

class Model final : public EnergyModel {
 public:
  [[nodiscard]] Quantity machine(Seconds duration, double busy, Interval bounds) const override {
    const double idle = kIdleWatts * duration.count();
    Quantity q;
    q.value = idle + kBusyWatts * busy;
    q.own = {idle + kBusyWatts * bounds.lo, idle + kBusyWatts * bounds.hi};
    q.level = 1;
    return q;
  }
  [[nodiscard]] Quantity processes(double busy, Interval bounds) const override {
    return machine(Seconds(0), busy, bounds);
  }
  [[nodiscard]] Json describe() const override { return {}; }
};

Interval tightest(const Plant& plant) {
  if (plant.kind == Kind::busy_time) return tightest_of_busy_time(plant);
  if (plant.info.kind == SensorKind::power_gauge) return tightest_of_gauge(plant, false);
  return tightest_of_counter(plant);
}

class Judge {
 public:
  void run(Cell& cell, Kind kind, Wave wave, int length, std::uint64_t seed, bool with_oracle) {
    plant_.make(kind, wave, kLength[length], seed);
    DomainCurve curve(plant_.info, &model_,
                      {.max_gap = std::chrono::hours(1), .capacity = plant_.reads.size() + 1});
    for (const auto& read : plant_.reads) curve.add(read);
    const Quantity energy = curve.figure({"w", at(plant_.begin), at(plant_.end)}).energy;
    ++cell.cases;
    if (!energy.present()) {
      ++cell.absent;
      return;
    }
    const Interval interval = energy.interval();
    const double truth = plant_.truth();
    // Rounding of doubles and of the edges to whole nanoseconds.
    const double rounding = 1e-9 * truth + 4e-9 * kMostWatts;
    const bool held = interval.lo <= truth + rounding && truth - rounding <= interval.hi;
    if (held) ++cell.held;
    const double watts = kind == Kind::busy_time ? kIdleWatts + kBusyWatts * kHardwareThreads
                                                 : kMostWatts;
    const double most = watts * (plant_.end - plant_.begin);
    cell.width.add(interval.width() / most);
    cell.error.add(std::abs(*energy.value - truth) / most);
    const auto peer = [&](Mean& mean, std::optional<double> joules) {
      if (joules) mean.add(std::abs(*joules - truth) / most);
    };
    peer(cell.naive, naive(plant_));
    peer(cell.zeus, zeus(plant_));
    peer(cell.code_carbon, code_carbon(plant_));
    if (with_oracle) compare(cell, interval, most);
  }

 private:
  void compare(Cell& cell, const Interval& interval, double most) {
    cell.width_beside.add(interval.width() / most);
    cell.tightest.add(tightest(plant_).width() / most);
    if (plant_.info.averaging.count() == 0) return;
    cell.known_updates.add(tightest_of_gauge(plant_, true).width() / most);
  }

  Plant plant_;
  Model model_;
};

// The long way is long for gauges: it is gone for a share of their cases only.
int oracle_every(Kind kind, int length) {
  const bool searched = kind == Kind::averaging_gauge || kind == Kind::part_time_gauge;
  if (!searched) return 1;
  static constexpr int kEvery[kLengths] = {2, 2, 4, 16, 66};
  return kEvery[length];
}

}  // namespace

void Cell::add(const Cell& other) {
  cases += other.cases;
  held += other.held;
  absent += other.absent;
  for (Mean Cell::* mean : {&Cell::width, &Cell::width_beside, &Cell::tightest,
                            &Cell::known_updates, &Cell::error, &Cell::naive, &Cell::zeus,
                            &Cell::code_carbon}) {
    (this->*mean).add(other.*mean);
  }
}

double Cell::ratio() const {
  return tightest.sum > 0 ? width_beside.sum / tightest.sum : 1;
}

double Cell::ratio_to_known() const {
  return known_updates.sum > 0 ? width_beside.sum / known_updates.sum : 1;
}

Proof prove(int cases, std::uint64_t seed) {
  Proof proof;
  const auto work = [&](int first) {
    Judge judge;
    for (int n = first; n < static_cast<int>(proof.cells.size()); n += 2) {
      const int length = n % kLengths;
      const auto wave = static_cast<Wave>(n / kLengths % kWaves);
      const auto kind = static_cast<Kind>(n / kLengths / kWaves);
      const int every = oracle_every(kind, length);
      for (int i = 0; i < cases; ++i) {
        const std::uint64_t own = seed + static_cast<std::uint64_t>(n) * 1'000'003 +
                                  static_cast<std::uint64_t>(i) * 0x9E3779B97F4A7C15ULL;
        judge.run(proof.cells[static_cast<std::size_t>(n)], kind, wave, length, own,
                  i % every == 0);
      }
    }
  };
  std::thread other(work, 1);
  work(0);
  other.join();
  return proof;
}

std::int64_t too_many_misses(std::int64_t cases) {
  constexpr double kMiss = 0.05;
  const auto n = static_cast<double>(cases);
  double below = 0;  // probability of fewer than k misses
  for (std::int64_t k = 0; k <= cases; ++k) {
    if (1 - below < 1e-4) return k;
    const auto x = static_cast<double>(k);
    below += std::exp(std::lgamma(n + 1) - std::lgamma(x + 1) - std::lgamma(n - x + 1) +
                      x * std::log(kMiss) + (n - x) * std::log1p(-kMiss));
  }
  return cases + 1;
}

}  // namespace joulebook::proof
