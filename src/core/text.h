#pragma once
// Small text tools that several rooms need.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace joulebook {

// Every maximal invalid UTF-8 subsequence replaced by U+FFFD; valid text is returned as it is.
[[nodiscard]] std::string valid_utf8(std::string_view text);
[[nodiscard]] bool is_valid_utf8(std::string_view text);

[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
[[nodiscard]] std::string lower(std::string_view ascii);
[[nodiscard]] std::string join(std::span<const std::string> parts, std::string_view separator);

// The whole text as a number, or nothing ("12x", "", " 12" are nothing). Locale-free.
[[nodiscard]] std::optional<std::uint64_t> parse_uint(std::string_view text);
[[nodiscard]] std::optional<std::int64_t> parse_int(std::string_view text);
[[nodiscard]] std::optional<double> parse_double(std::string_view text);

// The candidate with the least edit distance to `word`, where that is at most a third of its
// length (at least 1): for "did you mean".
[[nodiscard]] std::optional<std::string> nearest(std::string_view word,
                                                 std::span<const std::string> candidates);

// Splits one CSV record (RFC 4180 quoting) without its line end.
[[nodiscard]] std::vector<std::string> parse_csv_line(std::string_view line);
// Quotes a CSV field where it must be.
[[nodiscard]] std::string csv_field(std::string_view text);

}  // namespace joulebook
