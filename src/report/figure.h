#pragma once
// A figure as it is printed: the value with its interval, level and tier in words, on a common SI
// prefix and with no more digits than the interval supports. Pure; thread-safe.
//
// Every screen and page goes through here, so that no number can be printed without saying how
// sure it is and where it came from (or, where there is none, why).
#include <joulebook/quantity.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/json.h"

namespace joulebook {

// How a figure of unit "1" is shown.
enum class RatioStyle { times, percent };

// A figure in its parts. The texts of an absence: `value` is "no reading" (of a sensor) or "no
// figure", `why` its reason.
struct FigureText {
  std::string value;  // "17.8 kJ", "1.87×", "no reading"
  std::string
      interval;  // "17.1–18.6", "≥ 17.1", "-0.2 to 0.3"; empty for an absence or an exact count
  std::string level;  // "95 %" or "bound"; empty with the interval
  std::string tier;   // "measured"; empty for an absence
  std::string per;    // "response"; empty for a total
  std::string code;   // an absence's reason code, else empty
  std::string why;    // an absence's message, else empty
  std::string cure;

  [[nodiscard]] bool present() const { return code.empty(); }
  // "95 % measured": level and tier.
  [[nodiscard]] std::string sure() const;
  // "17.8 kJ [17.1–18.6]" or "no reading (sensor.reset)".
  [[nodiscard]] std::string line() const;
  // line() with level and tier: "17.8 kJ [17.1–18.6] 95 % measured".
  [[nodiscard]] std::string full() const;
};

// From the quantity object of the contract. Unit "1" is shown as a ratio ("1.87×") or as a
// share ("1.75 %").
[[nodiscard]] FigureText figure_text(const Json& quantity, RatioStyle style = RatioStyle::times);
[[nodiscard]] FigureText figure_text(const Quantity& quantity,
                                     RatioStyle style = RatioStyle::times);

// Why figures of a table are absent, by reason code: each is explained once below it.
using Reasons = std::map<std::string, std::string>;
// Keeps why `figure` is absent, and the cure where there is one. REQUIRES: !figure.present().
void note(const FigureText& figure, Reasons& reasons);

// What was taken off for a figure above idle, as its method says: "less the power at rest,
// calibrated 3 days ago"; empty where nothing was.
[[nodiscard]] std::string taken_off(std::string_view method);

// "1.74–1.99" for an interval of ratios that has no quantity of its own.
[[nodiscard]] std::string ratio_interval_text(double lo, double hi);

// "0.82 s", "3 min 20 s", "1 h 04 min".
[[nodiscard]] std::string duration_text(double seconds);
// "1,234,567".
[[nodiscard]] std::string count_text(std::int64_t count);
// A plain number with about three significant digits: "1,234", "56.7", "0.0123".
[[nodiscard]] std::string number_text(double value);
// "101.7 MB" (powers of 1000).
[[nodiscard]] std::string bytes_text(std::int64_t bytes);

}  // namespace joulebook
