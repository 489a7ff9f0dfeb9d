#pragma once
// A kernel's energy PMU for tests: counters whose true energy is known in closed form. Each wired
// event is an ideal RAPL register (at every tick the energy up to that instant, in whole units,
// rounded down), extended to 64 bits and scaled to 2^-32 J since the event was opened, as the
// kernel does it. Not thread-safe.
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "fakes/power_plant.h"
#include "sensor/cpu/perf_events.h"

namespace joulebook::fakes {

class FakePerf final : public PerfEvents {
 public:
  // REQUIRES: the clock outlives this; this outlives the counters it opened.
  explicit FakePerf(const Clock& clock) : clock_(clock), origin_(clock.now()) {}

  // The register behind an event: steps of 2^-unit J at every tick.
  void wire(const PerfEvent& event, PowerFunction power, int unit = 14,
            Nanos tick = std::chrono::milliseconds(1));
  // Every open fails with `code` from now on ("" : no more).
  void refuse(std::string code) { refusal_ = std::move(code); }
  // Every read fails from now on: the CPU of the event went away.
  void unplug() { unplugged_ = true; }

  [[nodiscard]] Joules energy(const PerfEvent& event, SteadyTime begin, SteadyTime end) const;
  // Every open that was tried, in order.
  [[nodiscard]] const std::vector<PerfEvent>& asked() const { return asked_; }

  // Unwired events fail with sensor.unsupported, as the kernel's EINVAL does.
  [[nodiscard]] Result<std::unique_ptr<PerfCounter>> open(const PerfEvent& event) override;

 private:
  friend class FakeCounter;
  struct Wire {
    PerfEvent event;
    PowerFunction power;
    int unit = 14;
    Nanos tick;
  };
  [[nodiscard]] const Wire* find(const PerfEvent& event) const;
  [[nodiscard]] std::uint64_t raw(const Wire& wire) const;  // the register now

  const Clock& clock_;
  SteadyTime origin_;
  std::vector<Wire> wires_;
  std::vector<PerfEvent> asked_;
  std::string refusal_;
  bool unplugged_ = false;
};

}  // namespace joulebook::fakes
