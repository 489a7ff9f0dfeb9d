#pragma once
// Small things that the files of Tracks share.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

namespace joulebook::attribution {

constexpr double kMostTokens = 1e9;  // of a request: more is no count

inline double seconds(std::int64_t from, std::int64_t to) {
  return static_cast<double>(to - from) * 1e-9;
}

inline std::int64_t nanos(double s) {
  return s > 0 ? static_cast<std::int64_t>(std::min(s, 1e6) * 1e9)
               : 0;  // what is no number is none
}

inline double count_or(const std::optional<std::int64_t>& n, double other) {
  return n ? std::clamp(static_cast<double>(*n), 0.0, kMostTokens) : other;
}

}  // namespace joulebook::attribution
