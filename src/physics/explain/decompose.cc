#include "physics/explain/decompose.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "physics/explain/shapley.h"

namespace joulebook::explain {
namespace {

double energy_of(const Deployment& d, const serving::Parameters& p, Per per, const ClockPhysics& c = {}) {
  const double response = respond(d, p, c).total_j();
  return per == Per::token ? response / d.tokens : response;
}

Side side_of(const Figure& f, const serving::ServingFit& fit, Per per) {
  const serving::Parameters& p = fit.parameters;
  Side s;
  s.text = describe(f.deployment, p);
  s.factors = serving::factors(fit.spread, f.deployment.work);
  s.modelled_j = energy_of(f.deployment, p, per);
  s.energy_j = s.modelled_j;
  s.floor = floor_of(f.deployment, p);
  if (f.stated_j) {
    s.energy_j = per == Per::token ? *f.stated_j / f.deployment.tokens : *f.stated_j;
    s.tier = f.tier;
  }
  return s;
}

std::vector<Factor> factors_in(std::uint32_t bits) {
  std::vector<Factor> factors;
  for (std::size_t i = 0; i < kFactors; ++i) {
    if ((bits >> i & 1U) != 0) factors.push_back(static_cast<Factor>(i));
  }
  return factors;
}

std::vector<double> logs(const Figure& a, const Figure& b, const std::vector<Factor>& factors,
                         const serving::Parameters& p, Per per, const ClockPhysics& physics = {}) {
  return shapley(factors.size(), [&](std::uint32_t subset) {
    std::uint32_t from_b = 0;
    for (std::size_t i = 0; i < factors.size(); ++i) from_b |= (subset >> i & 1U) != 0 ? bit(factors[i]) : 0;
    return std::log(energy_of(mix(a.deployment, b.deployment, from_b), p, per, physics));
  });
}

// Clocks: no pair was measured, so the interval is from the least to the most that physics allows.
void widen_clocks(Explanation& e, const std::vector<Factor>& factors, const serving::Parameters& p) {
  for (Part& part : e.parts) {
    if (part.factor != Factor::clocks) continue;
    part.interval = {part.log_ratio, part.log_ratio};
    for (const auto& physics : {kLeastSaving, kMostSaving}) {
      const auto ends = logs(e.a, e.b, factors, p, e.per, physics);
      const double x = ends[static_cast<std::size_t>(std::ranges::find(factors, Factor::clocks) - factors.begin())];
      part.interval.lo = std::min(part.interval.lo, x);
      part.interval.hi = std::max(part.interval.hi, x);
    }
  }
}

// Devices whose coefficients are borrowed from another kind: twice the interval, as for predictions.
void widen_borrowed(Explanation& e) {
  if (e.a.deployment.work.device.fitted && e.b.deployment.work.device.fitted) return;
  for (Part& part : e.parts) {
    if (part.factor != Factor::hardware) continue;
    part.interval = {2 * part.interval.lo - part.log_ratio, 2 * part.interval.hi - part.log_ratio};
  }
}

// A boundary whose overhead is known only within bounds.
void widen_boundary(Explanation& e) {
  for (Part& part : e.parts) {
    if (part.factor != Factor::boundary) continue;
    const Deployment &a = e.a.deployment, &b = e.b.deployment;
    part.interval.lo += std::log(b.overhead_lo / b.overhead) - std::log(a.overhead_hi / a.overhead);
    part.interval.hi += std::log(b.overhead_hi / b.overhead) - std::log(a.overhead_lo / a.overhead);
  }
}

}  // namespace

double logarithmic_mean(double a, double b) {
  const double x = std::log(b / a);
  return std::abs(x) < 1e-8 ? a * (1 + x / 2) : (b - a) / x;
}

double Explanation::joules(double log_part) const {
  return log_part * logarithmic_mean(side_a.energy_j, side_b.energy_j);
}

double Explanation::log_of(Factor factor) const {
  for (const Part& part : parts) {
    if (part.factor == factor) return part.log_ratio;
  }
  return 0;
}

LogInterval together(const std::vector<Part>& parts) {
  double sum = 0, below = 0, above = 0;
  for (const Part& p : parts) {
    sum += p.log_ratio;
    below += (p.log_ratio - p.interval.lo) * (p.log_ratio - p.interval.lo);
    above += (p.interval.hi - p.log_ratio) * (p.interval.hi - p.log_ratio);
  }
  return {sum - std::sqrt(below), sum + std::sqrt(above)};
}

Result<Explanation> explain(const Figure& a, const Figure& b, const serving::ServingFit& fit,
                            const Spreads& spreads, Per per) {
  const serving::Parameters& p = fit.parameters;
  for (const Figure* f : {&a, &b}) {
    if (auto ok = check_clocks(f->deployment, p); !ok) return fail(ok.error());
  }
  Explanation e;
  e.a = a;
  e.b = b;
  e.per = per;
  e.side_a = side_of(a, fit, per);
  e.side_b = side_of(b, fit, per);
  e.log_ratio = std::log(e.side_b.energy_j / e.side_a.energy_j);
  const auto factors = factors_in(differences(a.deployment, b.deployment));
  const auto parts = logs(a, b, factors, p, per);
  e.rest = e.log_ratio;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    e.parts.push_back({factors[i], parts[i], log_interval(spreads, factors[i], parts[i])});
    e.rest -= parts[i];
  }
  if (std::abs(e.rest) < 1e-9) e.rest = 0;  // rounding; two predictions leave nothing
  widen_clocks(e, factors, p);
  widen_borrowed(e);
  widen_boundary(e);
  return e;
}

Status check_floor(const Figure& f, const Floor& floor) {
  if (!f.stated_j || *f.stated_j >= floor.response_j) return {};
  return fail(ErrorKind::negative, "explain.below_floor",
              fmt::format("{} for a response is below the {} that moving its bytes and computing its "
                          "FLOPs takes at least",
                          human(*f.stated_j, "J"), human(floor.response_j, "J")),
              "check the batch, the tokens, the weights and the boundary that were stated: one of them "
              "belongs to another measurement");
}

}  // namespace joulebook::explain
