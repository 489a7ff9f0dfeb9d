#pragma once
// The clock seam. CLOCK_MONOTONIC for every interval and join, CLOCK_BOOTTIME beside it to see a
// suspend, wall-clock anchors to speak to people and to foreign timestamps.
#include <joulebook/units.h>

#include <cstdint>
#include <string>

namespace joulebook {

// One instant seen on three clocks, read back to back.
struct Anchor {
  SteadyTime steady;
  std::int64_t boot_ns = 0;  // CLOCK_BOOTTIME; grows past steady by the time spent suspended
  std::int64_t wall_ns = 0;  // CLOCK_REALTIME, nanoseconds since 1970 UTC; may step

  bool operator==(const Anchor&) const = default;
};

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual SteadyTime now() const = 0;
  [[nodiscard]] virtual Anchor anchor() const = 0;
  // Blocks until steady time `t`; returns at once where it is past.
  virtual void sleep_until(SteadyTime t) = 0;
};

// The machine's own clocks. Thread-safe, lives for ever.
[[nodiscard]] Clock& system_clock();

// Time that moves only when told to, for tests. sleep_until jumps. Not thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(SteadyTime start = {1'000'000'000}) : now_(start) {}
  [[nodiscard]] SteadyTime now() const override { return now_; }
  [[nodiscard]] Anchor anchor() const override;
  void sleep_until(SteadyTime t) override;
  void advance(Nanos d) { now_ = now_ + d; }
  void suspend(Nanos d) { suspended_ += d; }
  void step_wall(Nanos d) { wall_step_ += d; }

 private:
  SteadyTime now_;
  Nanos suspended_{0};
  Nanos wall_step_{0};
};

// "2026-11-23T22:18:00.123Z" for nanoseconds since 1970 UTC.
[[nodiscard]] std::string iso8601(std::int64_t wall_ns);

}  // namespace joulebook
