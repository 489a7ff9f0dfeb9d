#pragma once
// Instants and months as people write them. A day that the calendar does not have is an error, and so
// is an instant whose time zone nobody said. Pure.
#include <joulebook/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace joulebook::account {

// "+01:00", "-0530", "Z" in seconds east of Greenwich. Error: input "time.zone".
[[nodiscard]] Result<int> parse_zone(std::string_view text);

// "2025-02-28T23:00Z", "2025-02-28 23:00:00+01:00", "2025-02-28" (its midnight) in nanoseconds since 1970
// UTC, 1970 to 2100. `zone`: of instants that carry none. Errors: input "time.syntax", "time.day" (no such
// day or time of day), "time.zone" (none said).
[[nodiscard]] Result<std::int64_t> parse_instant(std::string_view text, std::optional<int> zone);

struct Month {
  int year = 0, month = 1;
  [[nodiscard]] std::string text() const;  // "2025-02"
  auto operator<=>(const Month&) const = default;
};
// "2025-02", or a day of it ("2025-02-28"), which has to exist. Errors: input "time.syntax", "time.day".
[[nodiscard]] Result<Month> parse_month(std::string_view text);

}  // namespace joulebook::account
