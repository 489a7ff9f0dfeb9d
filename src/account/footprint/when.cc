#include "account/footprint/when.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "core/text.h"

namespace joulebook::account {
namespace {

constexpr std::array<std::string_view, 12> kMonths{"January", "February", "March", "April", "May", "June", "July",
                                                   "August", "September", "October", "November", "December"};
constexpr int kFirstYear = 1970, kLastYear = 2100;  // differences and sums of any two stay whole nanoseconds

tl::unexpected<Error> bad_syntax(std::string_view text) {
  return fail(ErrorKind::input, "time.syntax", fmt::format("'{}' is no date or time", text),
              "write it as 2025-02-28T23:00Z, 2025-02-28T23:00+01:00 or 2025-02");
}

tl::unexpected<Error> no_such_day(std::string_view text, std::string why, std::string cure) {
  return fail(ErrorKind::input, "time.day", fmt::format("'{}': {}", text, why), std::move(cure));
}

// Digits at the front, exactly `count`, taken off.
std::optional<int> take_number(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  const auto n = parse_uint(text.substr(0, count));
  if (!n) return std::nullopt;
  text.remove_prefix(count);
  return static_cast<int>(*n);
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// Year, month and, where there is one, day at the front of `rest`; each of the calendar's.
struct Day {
  int year = 0, month = 1, day = 1;
  bool said = false;  // the day
};
Result<Day> take_day(std::string_view text, std::string_view& rest) {
  Day d;
  const auto year = take_number(rest, 4);
  if (!year || !take(rest, '-')) return bad_syntax(text);
  const auto month = take_number(rest, 2);
  if (!month) return bad_syntax(text);
  d.year = *year, d.month = *month;
  if (d.year < kFirstYear || d.year > kLastYear) {
    return no_such_day(text, fmt::format("the year {} is out of range", d.year), fmt::format("name a year from {} to {}", kFirstYear, kLastYear));
  }
  if (d.month < 1 || d.month > 12) return no_such_day(text, fmt::format("a year has no month {}", d.month), "write the month as 01 to 12");
  if (!take(rest, '-')) return d;
  const auto day = take_number(rest, 2);
  if (!day) return bad_syntax(text);
  d.day = *day, d.said = true;
  const auto last = static_cast<int>(static_cast<unsigned>(
      (std::chrono::year(d.year) / std::chrono::month(static_cast<unsigned>(d.month)) / std::chrono::last).day()));
  if (d.day >= 1 && d.day <= last) return d;
  const auto name = kMonths[static_cast<std::size_t>(d.month - 1)];
  return no_such_day(text, fmt::format("{} {} has {} days", name, d.year, last),
                     fmt::format("name a day from {}-{:02}-01 to {}-{:02}-{}", d.year, d.month, d.year, d.month, last));
}

Result<int> take_time_of_day(std::string_view text, std::string_view& rest) {
  const auto hour = take_number(rest, 2);
  if (!hour || !take(rest, ':')) return bad_syntax(text);
  const auto minute = take_number(rest, 2);
  if (!minute) return bad_syntax(text);
  int second = 0;
  if (take(rest, ':')) {
    const auto s = take_number(rest, 2);
    if (!s) return bad_syntax(text);
    second = *s;
    if (take(rest, '.')) {
      while (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') rest.remove_prefix(1);
    }
  }
  const bool end_of_day = *hour == 24 && *minute == 0 && second == 0;
  if ((*hour > 23 && !end_of_day) || *minute > 59 || second > 59) {
    return no_such_day(text, "there is no such time of day", "write hours 00 to 23, minutes and seconds 00 to 59");
  }
  return (*hour * 60 + *minute) * 60 + second;
}

}  // namespace

Result<int> parse_zone(std::string_view text) {
  std::string_view rest = trim(text);
  const auto bad = [&] {
    return fail(ErrorKind::input, "time.zone", fmt::format("'{}' is no time zone", text),
                "write an offset from UTC: Z, +01:00, -05:30 (names such as Europe/Berlin change twice a year: give each row its offset)");
  };
  if (rest == "Z" || rest == "z" || rest == "UTC") return 0;
  const bool west = rest.starts_with('-');
  if (!west && !rest.starts_with('+')) return bad();
  rest.remove_prefix(1);
  const auto hours = take_number(rest, 2);
  take(rest, ':');
  const auto minutes = rest.empty() ? std::optional<int>(0) : take_number(rest, 2);
  if (!hours || !minutes || !rest.empty() || *hours > 14 || *minutes > 59) return bad();
  return (west ? -1 : 1) * (*hours * 60 + *minutes) * 60;
}

Result<std::int64_t> parse_instant(std::string_view text, std::optional<int> zone) {
  std::string_view rest = trim(text);
  const auto day = take_day(text, rest);
  if (!day) return fail(day.error());
  if (!day->said) return bad_syntax(text);
  int seconds = 0;
  if (take(rest, 'T') || take(rest, ' ')) {
    const auto time = take_time_of_day(text, rest);
    if (!time) return fail(time.error());
    seconds = *time;
  }
  rest = trim(rest);
  if (!rest.empty()) {
    const auto own = parse_zone(rest);
    if (!own) return fail(own.error());
    zone = *own;
  }
  if (!zone) {
    return fail(ErrorKind::input, "time.zone", fmt::format("'{}' does not say its time zone", text),
                "end it with Z or an offset (2025-02-28T23:00+01:00), or give --zone +01:00 for all of them");
  }
  using namespace std::chrono;
  const sys_days date = year(day->year) / month(static_cast<unsigned>(day->month)) / std::chrono::day(static_cast<unsigned>(day->day));
  constexpr std::int64_t kNanos = 1'000'000'000;
  return (std::int64_t{date.time_since_epoch().count()} * 86400 + seconds - *zone) * kNanos;
}

std::string Month::text() const { return fmt::format("{:04}-{:02}", year, month); }

Result<Month> parse_month(std::string_view text) {
  std::string_view rest = trim(text);
  const auto day = take_day(text, rest);
  if (!day) return fail(day.error());
  if (!rest.empty()) return bad_syntax(text);
  return Month{day->year, day->month};
}

}  // namespace joulebook::account
