#include "core/clock.h"

#include <time.h>

#include <algorithm>
#include <chrono>
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
  const std::int64_t day = (seconds >= 0 ? seconds : seconds - 86'399) / 86'400;
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  const auto second = static_cast<unsigned>(seconds - day * 86'400);
  std::string out = "0000-00-00T00:00:00.000Z";
  const auto put = [&](std::size_t end, unsigned n) {  // its last digit stands before `end`
    for (; n > 0; n /= 10) out[--end] = static_cast<char>('0' + n % 10);
  };
  put(4, static_cast<unsigned>(std::clamp(static_cast<int>(date.year()), 0, 9999)));
  put(7, static_cast<unsigned>(date.month()));
  put(10, static_cast<unsigned>(date.day()));
  put(13, second / 3600);
  put(16, second / 60 % 60);
  put(19, second % 60);
  put(23, static_cast<unsigned>(rest / 1'000'000));
  return out;
}

}  // namespace joulebook
