#include "sensor/remote/times.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "core/text.h"

namespace joulebook {
namespace {

struct Civil {
  std::uint64_t year = 0;
  std::uint64_t month = 0;
  std::uint64_t day = 0;
  std::string_view clock;  // "13:06:44", seconds may have a fraction
};

std::optional<std::uint64_t> month_of(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kMonths{
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto it = std::find(kMonths.begin(), kMonths.end(), name);
  if (it == kMonths.end()) return std::nullopt;
  return static_cast<std::uint64_t>(it - kMonths.begin()) + 1;
}

std::vector<std::string_view> words_of(std::string_view text) {
  auto words = split(text, ' ');
  std::erase_if(words, [](std::string_view word) { return word.empty(); });
  return words;
}

std::optional<std::int64_t> to_ns(const Civil& c, std::int64_t zone_minutes) {
  using namespace std::chrono;
  const auto parts = split(c.clock, ':');
  if (parts.size() != 3) return std::nullopt;
  const auto hour = parse_uint(parts[0]);
  const auto minute = parse_uint(parts[1]);
  const auto second = parse_double(parts[2]);
  const bool clock = hour && minute && second && *hour < 24 && *minute < 60 && *second >= 0 &&
                     *second < 61;
  if (!clock || c.year < 1970 || c.year > 2200 || c.month > 12 || c.day > 31) return std::nullopt;
  const year_month_day date{year(static_cast<int>(c.year)), month(static_cast<unsigned>(c.month)),
                            day(static_cast<unsigned>(c.day))};
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = sys_days(date).time_since_epoch().count();
  const std::int64_t minutes =
      days * 1440 + static_cast<std::int64_t>(*hour * 60 + *minute) - zone_minutes;
  return minutes * 60'000'000'000 + static_cast<std::int64_t>(*second * 1e9);
}

// "Z", "+02:00", "-0800", "GMT" in minutes.
std::optional<std::int64_t> zone_of(std::string_view text) {
  if (text == "Z" || text == "GMT" || text == "UTC") return 0;
  if (text.size() < 5 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  std::string digits(text.substr(1));
  std::erase(digits, ':');
  const auto number = parse_uint(digits);
  if (digits.size() != 4 || !number || *number > 1459) return std::nullopt;
  const auto minutes = static_cast<std::int64_t>(*number / 100 * 60 + *number % 100);
  return text[0] == '-' ? -minutes : minutes;
}

}  // namespace

std::optional<std::int64_t> parse_iso_time(std::string_view text) {
  if (text.size() < 20 || text[10] != 'T') return std::nullopt;
  const auto date = split(text.substr(0, 10), '-');
  const std::string_view rest = text.substr(11);
  const auto zone_at = rest.find_first_not_of("0123456789:.");
  if (date.size() != 3 || zone_at == rest.npos) return std::nullopt;
  const auto year = parse_uint(date[0]);
  const auto month = parse_uint(date[1]);
  const auto day = parse_uint(date[2]);
  const auto zone = zone_of(rest.substr(zone_at));
  if (!year || !month || !day || !zone) return std::nullopt;
  return to_ns({*year, *month, *day, rest.substr(0, zone_at)}, *zone);
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  const auto words = words_of(text);
  if (words.size() != 6 || words[5] != "GMT") return std::nullopt;
  const auto day = parse_uint(words[1]);
  const auto month = month_of(words[2]);
  const auto year = parse_uint(words[3]);
  if (!day || !month || !year) return std::nullopt;
  return to_ns({*year, *month, *day, words[4]}, 0);
}

std::optional<std::int64_t> parse_unix_date(std::string_view text) {
  const auto words = words_of(text);
  if (words.size() != 6) return std::nullopt;
  const auto month = month_of(words[1]);
  const auto day = parse_uint(words[2]);
  const auto year = parse_uint(words[4]);
  const auto zone = zone_of(words[5]);
  if (!day || !month || !year || !zone) return std::nullopt;
  return to_ns({*year, *month, *day, words[3]}, *zone);
}

}  // namespace joulebook
