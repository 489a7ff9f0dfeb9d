#pragma once
// Units are types: joules do not add to watts, and a watt times a duration is a joule.
// Durations are std::chrono; instants of steady time are SteadyTime (CLOCK_MONOTONIC).
#include <chrono>
#include <compare>
#include <cstdint>

namespace joulebook {

using Nanos = std::chrono::nanoseconds;
using Seconds = std::chrono::duration<double>;

// An instant on CLOCK_MONOTONIC: nanoseconds since an arbitrary origin, shared by every process of
// one boot. A distinct type, so that it cannot be mixed with wall-clock or boot time.
struct SteadyTime {
  std::int64_t ns = 0;

  friend constexpr auto operator<=>(SteadyTime, SteadyTime) = default;
  friend constexpr Nanos operator-(SteadyTime a, SteadyTime b) { return Nanos(a.ns - b.ns); }
  friend constexpr SteadyTime operator+(SteadyTime t, Nanos d) { return {t.ns + d.count()}; }
  friend constexpr SteadyTime operator-(SteadyTime t, Nanos d) { return {t.ns - d.count()}; }
};

// A real number with a dimension. `Tag` names the dimension and is never instantiated.
template <class Tag>
class Scalar {
 public:
  constexpr Scalar() = default;
  constexpr explicit Scalar(double value) : value_(value) {}
  [[nodiscard]] constexpr double value() const { return value_; }

  friend constexpr auto operator<=>(Scalar, Scalar) = default;
  friend constexpr Scalar operator+(Scalar a, Scalar b) { return Scalar(a.value_ + b.value_); }
  friend constexpr Scalar operator-(Scalar a, Scalar b) { return Scalar(a.value_ - b.value_); }
  friend constexpr Scalar operator*(Scalar a, double k) { return Scalar(a.value_ * k); }
  friend constexpr Scalar operator*(double k, Scalar a) { return Scalar(a.value_ * k); }
  friend constexpr Scalar operator/(Scalar a, double k) { return Scalar(a.value_ / k); }
  friend constexpr double operator/(Scalar a, Scalar b) { return a.value_ / b.value_; }
  constexpr Scalar& operator+=(Scalar b) {
    value_ += b.value_;
    return *this;
  }
  constexpr Scalar& operator-=(Scalar b) {
    value_ -= b.value_;
    return *this;
  }

 private:
  double value_ = 0;
};

using Joules = Scalar<struct JoulesTag>;
using Watts = Scalar<struct WattsTag>;

constexpr Joules operator*(Watts p, Seconds t) { return Joules(p.value() * t.count()); }
constexpr Joules operator*(Seconds t, Watts p) { return p * t; }
constexpr Watts operator/(Joules e, Seconds t) { return Watts(e.value() / t.count()); }
constexpr Seconds operator/(Joules e, Watts p) { return Seconds(e.value() / p.value()); }

// Energy as the ledger keeps it: whole microjoules, so that sums are exact.
// Range: +-9.2e12 J, about 290 years at 1 kW.
struct MicroJoules {
  std::int64_t count = 0;

  friend constexpr auto operator<=>(MicroJoules, MicroJoules) = default;
  friend constexpr MicroJoules operator+(MicroJoules a, MicroJoules b) {
    return {a.count + b.count};
  }
  friend constexpr MicroJoules operator-(MicroJoules a, MicroJoules b) {
    return {a.count - b.count};
  }
  constexpr MicroJoules& operator+=(MicroJoules b) {
    count += b.count;
    return *this;
  }
};

// Rounds half away from zero.
[[nodiscard]] constexpr MicroJoules to_microjoules(Joules e) {
  const double scaled = e.value() * 1e6;
  return {static_cast<std::int64_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5)};
}
[[nodiscard]] constexpr Joules to_joules(MicroJoules e) {
  return Joules(static_cast<double>(e.count) * 1e-6);
}

// A count of tokens. Whole, never negative.
struct Tokens {
  std::int64_t count = 0;

  friend constexpr auto operator<=>(Tokens, Tokens) = default;
  friend constexpr Tokens operator+(Tokens a, Tokens b) { return {a.count + b.count}; }
  constexpr Tokens& operator+=(Tokens b) {
    count += b.count;
    return *this;
  }
};

}  // namespace joulebook
