#include "core/clock.h"

#include <fmt/format.h>
#include <time.h>

#include <ctime>

namespace joulebook {
namespace {

std::int64_t read_clock(clockid_t id) {
  timespec ts{};
  clock_gettime(id, &ts);
  return std::int64_t{ts.tv_sec} * 1'000'000'000 + ts.tv_nsec;
}

class SystemClock final : public Clock {
 public:
  [[nodiscard]] SteadyTime now() const override { return {read_clock(CLOCK_MONOTONIC)}; }
  [[nodiscard]] Anchor anchor() const override {
    return {now(), read_clock(CLOCK_BOOTTIME), read_clock(CLOCK_REALTIME)};
  }
  void sleep_until(SteadyTime t) override {
    const timespec ts{t.ns / 1'000'000'000, t.ns % 1'000'000'000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, nullptr) == EINTR) {
    }
  }
};

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

Anchor FakeClock::anchor() const {
  constexpr std::int64_t kEpoch = 1'800'000'000'000'000'000;
  return {now_, now_.ns + suspended_.count(),
          kEpoch + now_.ns + suspended_.count() + wall_step_.count()};
}

void FakeClock::sleep_until(SteadyTime t) {
  if (t > now_) now_ = t;
}

std::string iso8601(std::int64_t wall_ns) {
  std::int64_t seconds = wall_ns / 1'000'000'000;
  std::int64_t rest = wall_ns % 1'000'000'000;
  if (rest < 0) {
    rest += 1'000'000'000;
    --seconds;
  }
  const std::time_t time = seconds;
  std::tm utc{};
  gmtime_r(&time, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     rest / 1'000'000);
}

}  // namespace joulebook
