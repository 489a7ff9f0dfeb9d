#pragma once
// A meter without sensors or threads for tests of what stands above it: the power of each domain is
// a closed-form function of steady time, so that the true energy of every window is known exactly.
//
// Edges are rounded once to whole microjoules, as the real meter does, so neighbouring windows
// tile. `settle` waits on the clock for the settling delay, as a real one waits for its tick.
// Not thread-safe.
#include <functional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "meter/meter.h"

namespace joulebook::fakes {

// One domain. `joules` is cumulative energy, J, from an arbitrary origin, never decreasing.
struct FakeDomain {
  std::string domain = "package:0";
  std::function<double(SteadyTime)> joules;
  bool top_level = true;
  Tier tier = Tier::measured;
  double own = 0.01;               // relative half-width of the own interval
  std::vector<SharedPart> shared;  // on every quantity of the domain
};

// Constant power from steady time 0 on.
[[nodiscard]] FakeDomain constant_domain(std::string domain, double watts);
// `watts` plus a slow swing of `swing` watts with the period given, s: no two windows alike.
// REQUIRES: 0 <= swing <= watts.
[[nodiscard]] FakeDomain swinging_domain(std::string domain, double watts, double swing,
                                         double period);

// Seconds of CPU time a second of steady time: what the meter reports of each window.
struct FakeCpu {
  double capacity = 2;
  double machine = 1.5;
  double tree = 1.2;
  double self = 0.05;
};

class FakeMeter final : public Meter {
 public:
  FakeMeter(Clock& clock, std::vector<FakeDomain> domains);

  // Every window that overlaps [begin, end) is an absence with this reason.
  void lose(SteadyTime begin, SteadyTime end, Reason reason);
  // Negative members: CPU time unknown.
  void cpu(FakeCpu cpu) { cpu_ = cpu; }
  void settle_delay(Nanos delay) { delay_ = delay; }

  // True joules of the top-level domains.
  [[nodiscard]] double true_joules(SteadyTime begin, SteadyTime end) const;
  [[nodiscard]] const std::vector<std::vector<int>>& watched() const { return watched_; }

  [[nodiscard]] Status start() override { return {}; }
  void stop() override {}
  [[nodiscard]] SteadyTime now() const override { return clock_.now(); }
  void settle(SteadyTime t) override;
  [[nodiscard]] WindowEnergy energy(const Window& window) const override;
  [[nodiscard]] std::vector<PowerPoint> trace(SteadyTime begin, SteadyTime end,
                                              std::size_t points) const override;
  [[nodiscard]] std::vector<SensorInfo> sensors() const override;
  void register_self_thread() override {}
  void watch_processes(std::vector<int> pids) override { watched_.push_back(std::move(pids)); }

 private:
  struct Loss {
    SteadyTime begin;
    SteadyTime end;
    Reason reason;
  };
  [[nodiscard]] const Loss* loss(const Window& window) const;
  [[nodiscard]] DomainEnergy domain_energy(const FakeDomain& domain, const Window& window) const;

  Clock& clock_;
  std::vector<FakeDomain> domains_;
  std::vector<Loss> losses_;
  FakeCpu cpu_;
  Nanos delay_ = std::chrono::milliseconds(2);
  std::vector<std::vector<int>> watched_;
};

}  // namespace joulebook::fakes
