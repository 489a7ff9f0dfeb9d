#include "account/footprint/reckon.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"

namespace joulebook::account {
namespace {

void add_part(std::vector<SharedPart>& parts, SharedPart part) {
  const auto at = std::ranges::find(parts, part.id, &SharedPart::id);
  if (at == parts.end()) {
    parts.push_back(std::move(part));
    return;
  }
  at->lo *= part.lo;
  at->hi *= part.hi;
}

bool mentions_pounds(std::string_view text) {
  const std::string low = lower(text);
  return low.find("lb") != std::string::npos || low.find("pound") != std::string::npos;
}

constexpr std::string_view kIntensity = "gCO2e/kWh";

tl::unexpected<Error> pounds(std::string_view text) {
  std::string cure = "write it in grams or kilograms: 300 gCO2e/kWh (1 lb is 453.59237 g)";
  const auto measure = Measure::parse(text);
  const auto target = Unit::parse("gCO2e/kWh");
  if (measure && target && measure->unit.dimension == target->dimension) {
    cure = fmt::format("write {:.6g} gCO2e/kWh, which is the same", measure->in(*target));
  }
  return fail(ErrorKind::input, "unit.pounds", fmt::format("'{}' gives an intensity in pounds", text), cure);
}

}  // namespace

Quantity reckoned(const Quantity& q, const std::vector<const Factor*>& inputs,
                  const std::function<double(std::span<const double>)>& f, Figure figure) {
  if (!q.present()) {
    Quantity none = Quantity::absent(figure.unit, *q.reason);
    none.per = q.per;
    return none;
  }
  std::vector<double> values;
  for (const Factor* input : inputs) values.push_back(input->measure.value);
  const double nominal = f(values);
  Quantity out = q;
  out.value = *q.value * nominal;
  out.own = {q.own.lo * nominal, q.own.hi * nominal};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Measure& m = inputs[i]->measure;
    if (m.lo == m.hi || !(nominal > 0)) continue;
    values[i] = m.lo;
    const double lo = f(values);
    values[i] = m.hi;
    const double hi = f(values);
    values[i] = m.value;
    if (lo != nominal || hi != nominal) add_part(out.shared, {inputs[i]->id, lo / nominal, hi / nominal});
  }
  if (!inputs.empty()) out.tier = weakest(q.tier, Tier::modelled);
  out.unit = std::move(figure.unit);
  out.boundary = std::move(figure.boundary);
  out.method = std::move(figure.method);
  return out;
}

Quantity times(const Quantity& q, const Factor& by, Figure figure) {
  return reckoned(q, {&by}, [](std::span<const double> v) { return v[0]; }, std::move(figure));
}

Factor given(std::string id, std::string name, std::string kind, Measure measure, std::string flag) {
  return {std::move(id), std::move(name), std::move(measure), std::move(kind), "as given", "as given",
          "given by the user: " + std::move(flag), "the user's own", "given"};
}

Result<Measure> measure_in(std::string_view text, std::string_view unit, std::string_view flag) {
  if (unit == kIntensity && mentions_pounds(text)) return pounds(text);
  const std::string what = flag.empty() ? fmt::format("'{}'", text) : fmt::format("{} '{}'", flag, text);
  auto measure = Measure::parse(text);
  if (!measure) return fail(measure.error());
  const auto target = Unit::parse(unit);
  if (!target) return fail(target.error());
  auto in = converted(*measure, *target);
  if (!in) {
    Error error = in.error();
    error.message = what + ": " + error.message;
    if (error.cure.empty()) error.cure = fmt::format("write it in {}", unit);
    return fail(std::move(error));
  }
  if (!(measure->lo >= 0) || !std::isfinite(measure->hi)) {
    return fail(ErrorKind::input, "value.negative", what + " is below 0 or no finite number", "give a number of at least 0");
  }
  return measure;
}

Result<Measure> pue_of(std::string_view text) {
  auto measure = Measure::parse(text);
  if (measure && measure->unit.dimension.none() && measure->lo >= 1 && measure->hi <= 10) return measure;
  return fail(ErrorKind::input, "pue.range", fmt::format("'{}' is no PUE", text),
              "a PUE is the building's energy over that of its IT: a number from 1 (nothing lost) to 10, such as 1.1 or 1.1-1.3");
}

Result<Unit> intensity_unit(std::string_view text) {
  if (mentions_pounds(text)) return pounds(text);
  auto unit = Unit::parse(text);
  if (!unit) return fail(unit.error());
  const auto target = Unit::parse("gCO2e/kWh");
  if (target && unit->dimension == target->dimension) return unit;
  return fail(ErrorKind::input, "unit.mismatch", fmt::format("'{}' is no intensity of electricity", text), "write gCO2e/kWh or kgCO2e/MWh");
}

Result<Measure> intensity_of(std::string_view text, std::string_view flag) {
  return measure_in(text, kIntensity, flag);
}

}  // namespace joulebook::account
