#pragma once
// Small things that the files of Tracks share.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

namespace joulebook::attribution {

constexpr double kMostTokens = 1e9;  // of a request: more is no count
constexpr std::size_t kMostSteps = 65'536;  // and turns, and requests that are over, of an upstream
constexpr std::int64_t kLately = 1'000'000'000;  // steps of so long before it say how fast they are at an instant
constexpr std::int64_t kLinger = 2'000'000'000;  // a server may be so long at what its client has closed

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
