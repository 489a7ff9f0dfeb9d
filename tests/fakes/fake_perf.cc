#include "fakes/fake_perf.h"

#include <cmath>
#include <cstdlib>

namespace joulebook::fakes {

class FakeCounter final : public PerfCounter {
 public:
  FakeCounter(const FakePerf& perf, PerfEvent event)
      : perf_(perf), event_(event), opened_at_(perf.raw(*perf.find(event))) {}

  [[nodiscard]] Result<std::uint64_t> read() override {
    if (perf_.unplugged_) {
      return fail(ErrorKind::no_reading, "sensor.lost", "the perf event: is gone");
    }
    const auto* wire = perf_.find(event_);
    return (perf_.raw(*wire) - opened_at_) << (32 - wire->unit);
  }

 private:
  const FakePerf& perf_;
  PerfEvent event_;
  std::uint64_t opened_at_;
};

void FakePerf::wire(const PerfEvent& event, PowerFunction power, int unit, Nanos tick) {
  wires_.push_back({event, std::move(power), unit, tick});
}

Joules FakePerf::energy(const PerfEvent& event, SteadyTime begin, SteadyTime end) const {
  const Wire* wire = find(event);
  if (wire == nullptr) std::abort();
  return Joules(wire->power.joules(Seconds(end - origin_).count()) -
                wire->power.joules(Seconds(begin - origin_).count()));
}

Result<std::unique_ptr<PerfCounter>> FakePerf::open(const PerfEvent& event) {
  asked_.push_back(event);
  if (!refusal_.empty()) {
    return fail(ErrorKind::no_reading, refusal_, "perf_event_open: refused by the test");
  }
  if (find(event) == nullptr) {
    return fail(ErrorKind::no_reading, "sensor.unsupported", "perf_event_open: Invalid argument");
  }
  return std::make_unique<FakeCounter>(*this, event);
}

const FakePerf::Wire* FakePerf::find(const PerfEvent& event) const {
  for (const Wire& wire : wires_) {
    if (wire.event == event) return &wire;
  }
  return nullptr;
}

std::uint64_t FakePerf::raw(const Wire& wire) const {
  const std::int64_t since = (clock_.now() - origin_).count();
  const std::int64_t updated = since - since % wire.tick.count();
  const double joules = wire.power.joules(static_cast<double>(updated) * 1e-9);
  return static_cast<std::uint64_t>(std::ldexp(joules, wire.unit));
}

}  // namespace joulebook::fakes
