#include "report/figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/prefixes.h"

namespace joulebook {
namespace {

struct Scale {
  double factor = 1;
  std::string unit;  // with its prefix
};

// Units that take an SI prefix on screens; others are printed as they are.
bool takes_prefix(std::string_view unit) {
  return unit == "J" || unit == "W" || unit == "Wh" || unit == "gCO2e";
}

// Units that files hold with a prefix of their own.
struct Held {
  std::string_view unit, base;
  double factor;
};
constexpr std::array kHeld = {Held{"kgCO2e", "gCO2e", 1e3}, Held{"kWh", "Wh", 1e3}, Held{"MWh", "Wh", 1e6}};

Scale scale_for(double value, std::string_view unit) {
  const double size = std::abs(value);
  for (const Held& held : kHeld) {
    if (unit != held.unit || size == 0) continue;
    Scale scale = scale_for(value * held.factor, held.base);
    if (held.base == "gCO2e" && scale.factor >= 1e6) scale = {1e6, "tCO2e"};  // however many
    return {scale.factor / held.factor, scale.unit};
  }
  if (!takes_prefix(unit) || size == 0) return {1, std::string(unit)};
  for (const auto& [factor, prefix] : kPrefixes) {
    // 999.5 is where three digits would round up to 1000.
    if (size >= factor * 0.9995) return {factor, fmt::format("{}{}", prefix, unit)};
  }
  const auto& [least, prefix] = kPrefixes.back();
  return {least, fmt::format("{}{}", prefix, unit)};
}

// Beside a far higher end the value's own unit would make that end a long number ("0–29,536 µJ"):
// from this many units on the higher end decides.
constexpr double kLongNumber = 1e4;

double far_end(double lo, double hi) {
  return std::isfinite(hi) ? std::max(std::abs(lo), std::abs(hi)) : std::abs(lo);
}

Scale scale_for(double value, double most, std::string_view unit) {
  const Scale own = scale_for(value, unit);
  return value == 0 || most >= kLongNumber * own.factor ? scale_for(most, unit) : own;
}

int magnitude(double x) { return x == 0 ? 0 : static_cast<int>(std::floor(std::log10(x))); }

// Decimals that show `value` with three significant digits, more (to six) where the interval is
// narrower than that could show.
int decimals_for(double value, double half_width) {
  const int digits = 2 - magnitude(std::abs(value) * 1.0005);  // 0.9996 rounds to 1.00
  if (half_width <= 0) return std::clamp(digits, 0, 9);
  const int fine = -magnitude(half_width);
  return std::clamp(std::min(std::max(digits, fine), digits + 3), 0, 9);
}

// Of a value that its interval dwarfs: three digits of the far end, and of the value what two
// decimals more can show.
int decimals_within(double value, double most) {
  const int far = 2 - magnitude(most);
  const int near = value == 0 ? far : -magnitude(std::abs(value));
  return std::clamp(std::min(std::max(far, near), far + 2), 0, 9);
}

std::string grouped(std::string digits) {
  const auto point = std::min(digits.find('.'), digits.size());
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  for (auto at = point; at > first + 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

std::string fixed(double x, int decimals) {
  // What nine decimals cannot show is no zero.
  if (decimals >= 9 && x != 0 && std::abs(x) < 1e-7) return fmt::format("{:.3g}", x);
  if (std::abs(x) < 0.5 * std::pow(10.0, -decimals)) x = 0;  // never "-0.00"
  return grouped(fmt::format("{:.{}f}", x, decimals));
}

double half_width(double value, double lo, double hi) {
  const double widest = std::isfinite(hi) ? std::max(value - lo, hi - value) : value - lo;
  return std::isfinite(widest) ? widest : 0;
}

std::string with_unit(const std::string& number, const std::string& unit) {
  if (unit == "1") return fmt::format("{}×", number);
  return unit.empty() ? number : fmt::format("{} {}", number, unit);
}

std::string interval_words(double lo, double hi, double factor, int decimals) {
  if (!std::isfinite(hi)) return fmt::format("≥ {}", fixed(lo / factor, decimals));
  const std::string_view to = lo < 0 ? " to " : "–";  // "-2–3" would be read as "-2 to -3"
  return fmt::format("{}{}{}", fixed(lo / factor, decimals), to, fixed(hi / factor, decimals));
}

FigureText absence(const Json& q) {
  FigureText text;
  const Json& reason = q["reason"];
  text.per = q["per"].as_string();
  text.code = reason["code"].as_string("unknown");
  text.value = text.code.starts_with("sensor.") ? "no reading" : "no figure";
  text.why = reason["message"].as_string();
  text.cure = reason["cure"].as_string();
  // That it is at least nothing is no bound to speak of.
  if (const double lo = q["lo"].as_double(); lo > 0) {
    const Scale scale = scale_for(lo, q["unit"].as_string());
    text.value = fmt::format(
        "≥ {}",
        with_unit(fixed(lo / scale.factor, decimals_for(lo / scale.factor, 0)), scale.unit));
  }
  return text;
}

std::string level_words(double level) {
  return level >= 1 ? "bound" : fmt::format("{:.3g} %", level * 100);
}

// Whether a value that is not 0 would be printed as 0 in the unit of its far end.
bool vanishes(double value, double most, const Scale& far) {
  const int decimals = decimals_within(value / far.factor, most / far.factor);
  return value != 0 && std::abs(value / far.factor) < 0.5 * std::pow(10.0, -decimals);
}

// Each with the unit that fits it: "2.32 mJ [0–282 GJ]".
FigureText beside_far_end(std::string_view unit, double value, double lo, double hi) {
  const auto words = [&](double x) {
    const Scale scale = scale_for(x, unit);
    return x == 0 ? std::string("0") : with_unit(fixed(x / scale.factor, decimals_for(x / scale.factor, 0)), scale.unit);
  };
  FigureText text;
  text.value = words(value);
  text.interval = std::isfinite(hi) ? fmt::format("{}{}{}", words(lo), lo < 0 ? " to " : "–", words(hi))
                                    : fmt::format("≥ {}", words(lo));
  return text;
}

}  // namespace

std::string FigureText::line() const {
  if (!present()) return fmt::format("{} ({})", value, code);
  return interval.empty() ? value : fmt::format("{} [{}]", value, interval);
}

std::string FigureText::sure() const {
  return level.empty() || tier.empty() ? level + tier : fmt::format("{} {}", level, tier);
}

std::string FigureText::full() const {
  return present() && !sure().empty() ? fmt::format("{} {}", line(), sure()) : line();
}

FigureText figure_text(const Json& q, RatioStyle style) {
  if (!q["value"].is_number()) return absence(q);
  const double value = q["value"].as_double();
  const double lo = q["lo"].as_double(value);
  const double hi = q["hi"].as_double(std::numeric_limits<double>::infinity());
  const bool percent = style == RatioStyle::percent && q["unit"].as_string() == "1";
  const std::string_view unit = q["unit"].as_string();
  const Scale scale = percent ? Scale{0.01, "%"} : scale_for(value, far_end(lo, hi), unit);
  const double half = half_width(value, lo, hi) / scale.factor;
  const bool dwarfed = scale.unit != scale_for(value, unit).unit && !percent;
  FigureText text;
  if (dwarfed && vanishes(value, far_end(lo, hi), scale)) {
    text = beside_far_end(unit, value, lo, hi);
  } else {
    const int decimals = dwarfed ? decimals_within(value / scale.factor, far_end(lo, hi) / scale.factor)
                                 : decimals_for(value / scale.factor, half);
    text.value = with_unit(fixed(value / scale.factor, decimals), scale.unit);
    if (lo != value || hi != value) text.interval = interval_words(lo, hi, scale.factor, decimals);
  }
  if (!text.interval.empty()) text.level = level_words(q["level"].as_double(0.95));
  text.tier = q["tier"].as_string();
  text.per = q["per"].as_string();
  return text;
}

FigureText figure_text(const Quantity& quantity, RatioStyle style) {
  return figure_text(to_json(quantity), style);
}

void note(const FigureText& figure, Reasons& reasons) {
  reasons.emplace(figure.code,
                  figure.cure.empty() ? figure.why : figure.why + "; cure: " + figure.cure);
}

std::string taken_off(std::string_view method) {
  const auto at = method.rfind(", less ");
  return at == std::string_view::npos ? "" : std::string(method.substr(at + 2));
}

std::string ratio_interval_text(double lo, double hi) {
  const double middle = std::isfinite(hi) ? (lo + hi) / 2 : lo;
  const double half = std::isfinite(hi) ? (hi - lo) / 2 : 0;
  return interval_words(lo, hi, 1, decimals_for(middle, half));
}

std::string duration_text(double seconds) {
  if (!(seconds >= 0)) return "unknown";
  if (seconds < 0.9995) return fmt::format("{:.3g} ms", seconds * 1e3);
  if (seconds < 59.95) return fmt::format("{:.3g} s", seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  const auto minutes = static_cast<std::int64_t>(std::llround(seconds / 60));
  return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

std::string count_text(std::int64_t count) { return grouped(fmt::format("{}", count)); }

std::string number_text(double value) {
  if (!std::isfinite(value)) return "unknown";
  if (value == std::floor(value) && std::abs(value) < 1e15) {
    return count_text(static_cast<std::int64_t>(value));
  }
  return fixed(value, decimals_for(value, 0));
}

std::string bytes_text(std::int64_t bytes) {
  static constexpr std::array<std::pair<double, std::string_view>, 4> kUnits = {
      {{1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}}};
  const auto size = static_cast<double>(bytes);
  for (const auto& [factor, unit] : kUnits) {
    if (size >= factor) return fmt::format("{} {}", number_text(size / factor), unit);
  }
  return fmt::format("{} B", bytes);
}

}  // namespace joulebook
