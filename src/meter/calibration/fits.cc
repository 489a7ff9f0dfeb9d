#include "meter/calibration/fits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/quantile.h"

namespace joulebook {
namespace {

constexpr std::size_t kFewChanges = 5;
constexpr std::size_t kFewSlices = 8;
constexpr double kStudent = 2.3;
constexpr double kSteadyKelvin = 2;

Quantity absence(std::string unit, std::string code, std::string message, std::string cure) {
  return Quantity::absent(std::move(unit), {std::move(code), std::move(message), std::move(cure)});
}

// Where the readings changed: the middle of what lies between the two reads, in s from the first.
std::vector<double> changes(std::span<const RawReading> readings) {
  std::vector<double> out;
  for (std::size_t i = 1; i < readings.size(); ++i) {
    if (readings[i].counts == readings[i - 1].counts) continue;
    const Seconds from = readings[i - 1].end - readings.front().begin;
    const Seconds to = readings[i].end - readings.front().begin;
    out.push_back((from.count() + to.count()) / 2);
  }
  return out;
}

double ticks_in(double gap, double tick) { return std::max(1.0, std::round(gap / tick)); }

// The tick nearest to `guess` that makes the gaps whole numbers of ticks on average.
double refined(const std::vector<double>& gaps, double guess) {
  double span = 0;
  for (const double gap : gaps) span += gap;
  for (int i = 0; i < 8; ++i) {
    double ticks = 0;
    for (const double gap : gaps) ticks += ticks_in(gap, guess);
    guess = span / ticks;
  }
  return guess;
}

// How far the gaps are from whole numbers of ticks, in ticks; 0.25 for gaps that have nothing to do
// with it.
double misfit(const std::vector<double>& gaps, double tick) {
  double sum = 0;
  for (const double gap : gaps) sum += std::abs(gap - tick * ticks_in(gap, tick)) / tick;
  return sum / static_cast<double>(gaps.size());
}

// Where no gap is near twice the usual one no update went unseen, however they jitter. Else, of
// several guesses, the one that fits best; of two that fit alike the longer, since half a tick
// fits whatever a tick fits.
double likely_tick(const std::vector<double>& gaps) {
  constexpr double kNoneUnseen = 1.75;
  constexpr double kAlike = 0.03;
  double mean = 0;
  for (const double gap : gaps) mean += gap / static_cast<double>(gaps.size());
  if (quantile(gaps, 1) < kNoneUnseen * quantile(gaps, 0.5)) return mean;
  double tick = 0;
  double least = 1;
  for (const double share : {0.9, 0.75, 0.5, 0.25, 0.1}) {
    const double guess = refined(gaps, quantile(gaps, share));
    const double miss = misfit(gaps, guess);
    if (miss >= least - kAlike) continue;
    tick = guess;
    least = miss;
  }
  return tick;
}

}  // namespace

Quantity fitted(double value, Interval own, std::string unit, std::string method) {
  Quantity q = Quantity::exact(value, std::move(unit));
  q.own = {std::min(own.lo, value), std::max(own.hi, value)};
  q.method = std::move(method);
  return q;
}

Quantity fit_tick(std::span<const RawReading> readings) {
  const std::vector<double> at = changes(readings);
  if (at.size() < kFewChanges) {
    return absence("s", "calibration.few_updates",
                   fmt::format("the reading changed {} times while it was watched", at.size()),
                   "calibrate without --quick; if it never changes, see doctor");
  }
  const Seconds span = readings.back().end - readings.front().begin;
  const double read_every = span.count() / static_cast<double>(readings.size() - 1);
  if (static_cast<double>(at.size()) > 0.6 * static_cast<double>(readings.size() - 1)) {
    return absence("s", "calibration.too_fast",
                   fmt::format("the reading changes at nearly each read, so its tick is at most "
                               "{:.3g} ms",
                               read_every * 1e3),
                   "none needed: the nominal tick is kept");
  }
  std::vector<double> gaps;
  for (std::size_t i = 1; i < at.size(); ++i) gaps.push_back(at[i] - at[i - 1]);
  const double tick = likely_tick(gaps);
  std::vector<double> each;
  for (const double gap : gaps) each.push_back(gap / ticks_in(gap, tick));
  return fitted(tick, {quantile(each, 0.05), quantile(each, 0.95)}, "s",
                fmt::format("{} changes, read every {:.3g} ms", at.size(), read_every * 1e3));
}

Quantity idle_floor(std::span<const IdleSlice> slices, const Quantity& whole) {
  if (!whole.present()) return whole;
  std::vector<double> watts;
  for (const auto& slice : slices) watts.push_back(slice.watts);
  if (watts.empty()) return whole;
  Quantity q = whole;
  q.value = quantile(watts, 0.5);
  const double shift = *q.value - *whole.value;
  q.own = {std::max(0.0, std::min(whole.own.lo + shift, quantile(watts, 0.05))),
           std::max(whole.own.hi + shift, quantile(watts, 0.95))};
  q.level = std::min(q.level, 0.95);
  q.method += fmt::format("; median of {} windows at rest, own: 5 to 95 % of them", watts.size());
  return q;
}

Quantity median_temperature(std::span<const IdleSlice> slices) {
  std::vector<double> celsius;
  for (const auto& slice : slices) {
    if (slice.celsius) celsius.push_back(*slice.celsius);
  }
  if (celsius.empty()) {
    return absence("Cel", "calibration.no_thermometer", "no temperature of this device can be read",
                   "load the driver of its thermometer (coretemp, k10temp)");
  }
  return fitted(quantile(celsius, 0.5), {quantile(celsius, 0), quantile(celsius, 1)}, "Cel",
                "median at rest, own: lowest and highest");
}

Quantity temperature_slope(std::span<const IdleSlice> slices) {
  std::vector<IdleSlice> warm;
  for (const auto& slice : slices) {
    if (slice.celsius) warm.push_back(slice);
  }
  if (warm.empty()) {
    return absence("W/K", "calibration.no_thermometer", "no temperature of this device can be read",
                   "load the driver of its thermometer (coretemp, k10temp)");
  }
  if (warm.size() < kFewSlices) {
    return absence("W/K", "calibration.few_slices",
                   fmt::format("only {} windows at rest have a temperature", warm.size()),
                   "calibrate without --quick");
  }
  const auto n = static_cast<double>(warm.size());
  double x = 0, y = 0;
  for (const auto& s : warm) {
    x += *s.celsius / n;
    y += s.watts / n;
  }
  double sxx = 0, sxy = 0, syy = 0, least = *warm[0].celsius, most = least;
  for (const auto& s : warm) {
    sxx += (*s.celsius - x) * (*s.celsius - x);
    sxy += (*s.celsius - x) * (s.watts - y);
    syy += (s.watts - y) * (s.watts - y);
    least = std::min(least, *s.celsius);
    most = std::max(most, *s.celsius);
  }
  if (most - least < kSteadyKelvin) {
    return absence("W/K", "calibration.steady_temperature",
                   fmt::format("the temperature moved by {:.2g} K only", most - least),
                   "calibrate without --quick, or on a machine that is not warm already");
  }
  const double slope = sxy / sxx;
  const double error = kStudent * std::sqrt(std::max(0.0, syy - slope * sxy) / (n - 2) / sxx);
  return fitted(slope, {slope - error, slope + error}, "W/K",
                fmt::format("{} windows at rest over {:.3g} K", warm.size(), most - least));
}

Quantity median_rate(std::vector<double> rates, const std::string& unit) {
  if (rates.empty()) {
    return absence(unit, "calibration.few_slices", "no work was done while it was watched",
                   "calibrate on a machine that is less busy");
  }
  const double value = quantile(rates, 0.5);
  return fitted(value, {quantile(rates, 0.05), quantile(rates, 0.95)}, unit,
                fmt::format("median of {} slices, own: 5 to 95 % of them", rates.size()));
}

}  // namespace joulebook
