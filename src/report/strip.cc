#include "report/strip.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "report/figure.h"
#include "report/html.h"

namespace joulebook::page {
namespace {

constexpr double kMostTicks = 4;

// Powers of ten around all marks.
struct Scale {
  double from = 0, to = 1;

  explicit Scale(const std::vector<StripMark>& marks) {
    double least = std::numeric_limits<double>::infinity();
    double most = -least;
    for (const StripMark& mark : marks) {
      for (const double v : {mark.value, mark.lo.value_or(mark.value), mark.hi.value_or(mark.value)}) {
        if (!(v > 0) || !std::isfinite(v)) continue;
        least = std::min(least, std::log10(v));
        most = std::max(most, std::log10(v));
      }
    }
    from = std::floor(least);
    to = std::max(from + 1, std::ceil(most));
  }
  // Percent of the width.
  [[nodiscard]] double at(double v) const {
    return std::clamp(100 * (std::log10(v) - from) / (to - from), 0.0, 100.0);
  }
};

std::string tick_text(double power, const std::string& unit) {
  if (power >= 0 && power <= 3) return fmt::format("{:.0f}{}", std::pow(10, power), unit);
  if (power < 0 && power >= -3) return fmt::format("{:.{}f}{}", std::pow(10, power), static_cast<int>(-power), unit);
  return fmt::format("10<sup>{:.0f}</sup>{}", power, unit);
}

std::string ticks_html(const Scale& scale, const std::string& unit) {
  const double every = std::max(1.0, std::ceil((scale.to - scale.from) / kMostTicks));
  std::string out;
  for (double p = scale.from; p <= scale.to; p += every) {
    const double at = 100 * (p - scale.from) / (scale.to - scale.from);
    out += fmt::format("<span style=\"left:{:.2f}%;transform:translateX(-{:.0f}%)\">{}</span>", at, at, tick_text(p, unit));
  }
  return fmt::format("<div class=\"strip-ticks\">{}</div>\n", out);
}

std::string mark_html(const StripMark& mark, const Scale& scale) {
  const double from = mark.lo && *mark.lo > 0 ? scale.at(*mark.lo) : 0;
  const double to = mark.hi ? scale.at(*mark.hi) : 100;
  return fmt::format(
      "<div class=\"strip-row arm-{}\"><span class=\"strip-name\">{}</span><span class=\"strip-shown\">{}</span>"
      "<div class=\"strip-track\"><b class=\"{}\" style=\"left:{:.2f}%;width:{:.2f}%\"></b><i "
      "style=\"left:{:.2f}%\"></i></div></div>\n",
      mark.colour, escape_html(mark.name), escape_html(mark.shown), mark.hi && mark.lo ? "" : "open", from,
      std::max(0.5, to - from), scale.at(mark.value));
}

}  // namespace

std::optional<StripMark> strip_mark(const Json& quantity, double factor, std::string name, int colour) {
  const Json& value = quantity["value"];
  if (!value.is_number() || !(value.as_double() > 0)) return std::nullopt;
  StripMark mark{std::move(name), value.as_double() / factor, {}, {}, {}, colour};
  if (quantity["lo"].is_number() && quantity["lo"].as_double() > 0) mark.lo = quantity["lo"].as_double() / factor;
  if (quantity["hi"].is_number()) mark.hi = quantity["hi"].as_double() / factor;
  return mark;
}

std::string strip_html(const std::vector<StripMark>& marks, const std::string& ticks, const std::string& label) {
  if (marks.empty()) return {};
  const Scale scale(marks);
  std::string rows;
  for (const StripMark& mark : marks) rows += mark_html(mark, scale);
  return fmt::format("<div class=\"strip\" role=\"img\" aria-label=\"{}\">\n{}{}</div>\n", escape_html(label), rows,
                     ticks_html(scale, ticks));
}

}  // namespace joulebook::page
