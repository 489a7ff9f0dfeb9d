#include <fmt/format.h>
#include <joulebook/quantity.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "core/prefixes.h"

namespace joulebook {
namespace {

constexpr std::array<std::string_view, 4> kTierNames = {"measured", "apportioned", "modelled",
                                                        "published"};

const SharedPart* find_part(const Quantity& q, const std::string& id) {
  for (const auto& part : q.shared) {
    if (part.id == id) return &part;
  }
  return nullptr;
}

std::vector<std::string> shared_ids(std::span<const Quantity> parts) {
  std::vector<std::string> ids;
  for (const auto& q : parts) {
    for (const auto& part : q.shared) {
      if (std::find(ids.begin(), ids.end(), part.id) == ids.end()) ids.push_back(part.id);
    }
  }
  return ids;
}

std::string joined(std::span<const Quantity> parts, std::string Quantity::* member,
                   std::string_view separator) {
  std::string out;
  std::set<std::string_view> seen;
  for (const auto& q : parts) {
    if ((q.*member).empty() || !seen.insert(q.*member).second) continue;
    if (!out.empty()) out += separator;
    out += q.*member;
  }
  return out;
}

// What several quantities become together: tier, level, boundary, method.
Quantity frame(std::span<const Quantity> parts) {
  Quantity out;
  out.unit = parts[0].unit;
  out.per = parts[0].per;
  out.level = parts[0].level;
  for (const auto& q : parts) {
    out.tier = weakest(out.tier, q.tier);
    out.level = std::min(out.level, q.level);
  }
  out.boundary = joined(parts, &Quantity::boundary, "+");
  out.method = joined(parts, &Quantity::method, "; ");
  return out;
}

// Combines one-sided deviations: linearly for bounds, in quadrature for coverage intervals.
double combine(double a, double b, double level) { return level >= 1 ? a + b : std::hypot(a, b); }

double log_factor(double factor) {
  return factor > 0 ? std::log(factor) : -std::numeric_limits<double>::infinity();
}

}  // namespace

std::string_view to_string(Tier tier) { return kTierNames[static_cast<std::size_t>(tier)]; }

std::optional<Tier> tier_from_string(std::string_view text) {
  const auto it = std::find(kTierNames.begin(), kTierNames.end(), text);
  if (it == kTierNames.end()) return std::nullopt;
  return static_cast<Tier>(it - kTierNames.begin());
}

Quantity Quantity::absent(std::string unit, Reason reason, std::optional<double> known_lo) {
  Quantity q;
  q.unit = std::move(unit);
  q.reason = std::move(reason);
  q.known_lo = known_lo;
  return q;
}

Quantity Quantity::exact(double value, std::string unit) {
  Quantity q;
  q.value = value;
  q.own = {value, value};
  q.unit = std::move(unit);
  return q;
}

Interval Quantity::interval() const {
  const double v = *value;
  if (v <= 0 || shared.empty()) {
    // Factors say nothing about a value of zero; own alone is the interval.
    return own;
  }
  double down = own.lo > 0 ? std::log(v / own.lo) : std::numeric_limits<double>::infinity();
  double up = std::log(own.hi / v);
  for (const auto& part : shared) {
    const double least = std::min({part.lo, part.hi, 1.0});
    const double most = std::max({part.lo, part.hi, 1.0});
    down = combine(down, -log_factor(least), level);
    up = combine(up, log_factor(most), level);
  }
  return {std::isinf(down) ? std::min(own.lo, 0.0) : v * std::exp(-down), v * std::exp(up)};
}

Quantity sum(std::span<const Quantity> parts) {
  if (parts.empty()) {
    return Quantity::absent("J", {"sum.empty", "there is nothing to add up", ""});
  }
  Quantity out = frame(parts);
  double known = 0;
  double total = 0;
  double down = 0;
  double up = 0;
  for (const auto& q : parts) {
    if (!q.present()) {
      if (!out.reason) out.reason = q.reason;
      known += std::max(0.0, q.known_lo.value_or(0));
      continue;
    }
    known += std::max(0.0, q.interval().lo);
    total += *q.value;
    down = combine(down, *q.value - q.own.lo, out.level);
    up = combine(up, q.own.hi - *q.value, out.level);
  }
  if (out.reason) {
    // That it is at least nothing is not known, but true of everything.
    if (known > 0) out.known_lo = known;
    return out;
  }
  out.value = total;
  out.own = {total - down, total + up};
  if (total <= 0) return out;
  for (const auto& id : shared_ids(parts)) {
    SharedPart part{id, 0, 0};
    for (const auto& q : parts) {
      const auto* own_part = find_part(q, id);
      part.lo += *q.value / total * (own_part ? own_part->lo : 1);
      part.hi += *q.value / total * (own_part ? own_part->hi : 1);
    }
    out.shared.push_back(part);
  }
  return out;
}

Quantity difference(const Quantity& a, const Quantity& b) {
  const std::array both = {a, b};
  Quantity out = frame(both);
  out.boundary = a.boundary;
  if (!a.present() || !b.present()) {
    out.reason = a.present() ? b.reason : a.reason;
    return out;
  }
  const double v = *a.value - *b.value;
  out.value = v;
  out.own = {v - combine(*a.value - a.own.lo, b.own.hi - *b.value, out.level),
             v + combine(a.own.hi - *a.value, *b.value - b.own.lo, out.level)};
  for (const auto& id : shared_ids(both)) {
    const auto* pa = find_part(a, id);
    const auto* pb = find_part(b, id);
    const double at_lo = *a.value * (pa ? pa->lo : 1) - *b.value * (pb ? pb->lo : 1);
    const double at_hi = *a.value * (pa ? pa->hi : 1) - *b.value * (pb ? pb->hi : 1);
    if (v > 0 && at_lo > 0 && at_hi > 0) {
      out.shared.push_back({id, at_lo / v, at_hi / v});
    } else {  // no factor can say it: the shift goes into the own part
      out.own.lo = v - combine(v - out.own.lo, v - std::min({at_lo, at_hi, v}), out.level);
      out.own.hi = v + combine(out.own.hi - v, std::max({at_lo, at_hi, v}) - v, out.level);
    }
  }
  return out;
}

Quantity ratio(const Quantity& a, const Quantity& b) {
  const std::array both = {a, b};
  Quantity out = frame(both);
  out.unit = a.unit == b.unit ? "1" : a.unit + "/" + b.unit;
  out.per.clear();
  if (!a.present() || !b.present()) {
    out.reason = a.present() ? b.reason : a.reason;
    return out;
  }
  if (*b.value <= 0 || *a.value < 0) {
    out.reason = Reason{"ratio.undefined", "the denominator is not positive", ""};
    return out;
  }
  const double v = *a.value / *b.value;
  out.value = v;
  const auto log_dev = [](double from, double to) {
    return from > 0 && to > 0 ? std::abs(std::log(to / from))
                              : std::numeric_limits<double>::infinity();
  };
  const double down = combine(log_dev(*a.value, a.own.lo), log_dev(*b.value, b.own.hi), out.level);
  const double up = combine(log_dev(*a.value, a.own.hi), log_dev(*b.value, b.own.lo), out.level);
  out.own = {v * std::exp(-down), v * std::exp(up)};
  for (const auto& id : shared_ids(both)) {
    const auto* pa = find_part(a, id);
    const auto* pb = find_part(b, id);
    const double at_lo = (pa ? pa->lo : 1) / (pb ? pb->lo : 1);
    const double at_hi = (pa ? pa->hi : 1) / (pb ? pb->hi : 1);
    if (at_lo != 1 || at_hi != 1) out.shared.push_back({id, at_lo, at_hi});
  }
  return out;
}

Quantity scaled(const Quantity& q, double k, std::string per) {
  Quantity out = q;
  if (!per.empty()) out.per = std::move(per);
  if (out.value) {
    *out.value *= k;
    out.own = {q.own.lo * k, q.own.hi * k};
  }
  if (out.known_lo) *out.known_lo *= k;
  return out;
}

std::string human(double value, std::string_view unit, int digits) {
  // Beyond these a power of ten says more than a prefix.
  constexpr double kLeast = kPrefixes.back().first, kMost = 1000 * kPrefixes.front().first;
  if (!std::isfinite(value)) return fmt::format("{} {}", value > 0 ? "∞" : "-∞", unit);
  if (value == 0) return fmt::format("0 {}", unit);
  // Round first, so that 999.9 becomes 1.00 k and not 1000.
  const double magnitude = std::floor(std::log10(std::abs(value)));
  const double step = std::pow(10.0, magnitude - digits + 1);
  const double rounded = std::round(value / step) * step;
  if (std::abs(value) < kLeast || std::abs(rounded) >= kMost) return fmt::format("{:.{}e} {}", value, std::max(0, digits - 1), unit);
  for (const auto& [factor, prefix] : kPrefixes) {
    if (std::abs(rounded) < factor * (1 - 1e-12) && factor > kLeast) continue;
    const double shown = rounded / factor;
    const int before =
        shown == 0 ? 1 : static_cast<int>(std::floor(std::log10(std::abs(shown)) + 1e-9)) + 1;
    return fmt::format("{:.{}f} {}{}", shown, std::max(0, digits - before), prefix, unit);
  }
  return fmt::format("{} {}", value, unit);
}

std::string human(const Quantity& q) {
  if (!q.present()) return fmt::format("no reading ({})", q.reason ? q.reason->code : "unknown");
  const Interval i = q.interval();
  const std::string within = std::isfinite(i.hi) ? fmt::format("{}, {}", human(i.lo, q.unit), human(i.hi, q.unit))
                                                 : fmt::format("≥ {}", human(i.lo, q.unit));
  return fmt::format("{} [{}] {}", human(*q.value, q.unit), within, to_string(q.tier));
}

}  // namespace joulebook
