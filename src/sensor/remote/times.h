#pragma once
// Written times of other machines as nanoseconds since 1970 UTC. Pure; nothing where the text is no
// such time.
#include <cstdint>
#include <optional>
#include <string_view>

namespace joulebook {

// "2024-05-05T13:06:44Z", "2024-05-05T13:06:44.25+02:00". Without a zone: nothing.
[[nodiscard]] std::optional<std::int64_t> parse_iso_time(std::string_view text);
// "Wed, 21 Oct 2015 07:28:00 GMT" (RFC 9110).
[[nodiscard]] std::optional<std::int64_t> parse_http_date(std::string_view text);
// "Wed Nov  6 10:00:00 2024 -0800", as powermetrics prints it.
[[nodiscard]] std::optional<std::int64_t> parse_unix_date(std::string_view text);

}  // namespace joulebook
