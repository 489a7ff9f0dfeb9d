#include "account/scenario/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "account/scenario/drivers.h"

namespace joulebook::account {
namespace {

constexpr double kMostGain = 0.99;  // of a year: an answer never becomes free
constexpr double kMost = 1e60;      // of any factor: products stay in what a double holds
constexpr std::array<const char*, 3> kLimits{"power", "chips", "money"};

// One draw's inputs, in the order in which they are drawn.
enum Input { kDemand, kGrowth, kCap, kAnswer, kGain, kDiminishing, kFloor, kElasticity, kReasoningFactor, kSmallFactor,
             kPower, kChips, kChipPower, kMoney, kChipPrice, kIntensity, kDecline, kInputs };
constexpr std::array<const char*, kInputs> kNames{"demand", "growth", "cap", "answer", "gain", "diminishing", "floor", "elasticity", "reasoning_factor",
                                                  "small_factor", "power", "chips", "chip_power", "money", "chip_price", "intensity", "decline"};
using Inputs = std::array<double, kInputs>;

std::array<const Distribution*, kInputs> inputs_of(const Scenario& s) {
  const auto maybe = [](const std::optional<Distribution>& d) { return d ? &*d : nullptr; };
  return {&s.demand, &s.growth, maybe(s.cap), &s.answer, &s.gain, &s.diminishing, maybe(s.floor), &s.elasticity, &s.reasoning_factor,
          &s.small_factor, maybe(s.power), maybe(s.chips), maybe(s.chip_power), maybe(s.money), maybe(s.chip_price), maybe(s.intensity), &s.decline};
}

struct Year {
  double demand = 0, answer = 0, mix = 1, rebound = 1, wanted = 0, energy = 0, carbon = 0;
  int limit = -1;  // of kLimits; -1: none binds
};

double along(const Ramp& r, double share) { return r.from + (r.to - r.from) * share; }

// The least limit of a year, J, and which it is.
std::pair<double, int> limit_of(const Scenario& s, const Inputs& in) {
  double least = INFINITY;
  int which = -1;
  const auto take = [&](bool given, double joules, int index) {
    if (given && joules < least) least = joules, which = index;
  };
  take(s.power.has_value(), in[kPower] * kYear, 0);
  take(s.chips.has_value(), in[kChips] * in[kChipPower] * kYear, 1);
  take(s.money.has_value(), in[kMoney] / in[kChipPrice] * in[kChipPower] * kYear, 2);
  return {least, which};
}

std::vector<Year> history(const Scenario& s, const Inputs& in) {
  const int last = s.end - s.start;
  std::vector<Year> years;
  double demand = in[kDemand] * kYear, answer = in[kAnswer], gain = in[kGain];
  const double cap = s.cap ? in[kCap] * kYear : INFINITY;
  const auto [limit, which] = limit_of(s, in);
  double intensity = in[kIntensity], first_cost = 0;
  for (int t = 0; t <= last; ++t) {
    Year y;
    const double share = last > 0 ? static_cast<double>(t) / last : 0;
    y.demand = std::min({demand, cap, kMost});
    y.answer = answer;
    y.mix = 1 + along(s.reasoning, share) * (in[kReasoningFactor] - 1) + along(s.small, share) * (in[kSmallFactor] - 1);
    const double cost = std::min(y.answer * y.mix, kMost);
    if (t == 0) first_cost = cost;
    y.rebound = cost > 0 && first_cost > 0 ? std::min(std::pow(cost / first_cost, -in[kElasticity]), kMost) : 1;
    y.wanted = y.demand * y.rebound * cost;
    y.energy = std::min(y.wanted, limit);
    if (y.wanted > limit) y.limit = which;
    y.carbon = y.energy * intensity;
    years.push_back(y);
    demand = y.demand * (1 + in[kGrowth] * (std::isfinite(cap) ? std::max(0.0, 1 - demand / cap) : 1));
    answer = std::max(s.floor ? std::min(in[kFloor], in[kAnswer]) : 0, answer * (1 - std::min(gain, kMostGain)));
    gain *= in[kDiminishing];
    intensity *= 1 - std::min(in[kDecline], 1.0);
  }
  return years;
}

// Ends of what can be drawn; nothing where it has none.
std::optional<std::pair<double, double>> ends_of(const std::optional<Distribution>& d) {
  if (!d || d->kind == Distribution::Kind::normal || d->kind == Distribution::Kind::lognormal) return std::nullopt;
  const auto [lo, hi] = std::ranges::minmax(d->numbers);
  return std::pair{lo, hi};
}

// Numbers that would bind or turn round from the first year on, and are slips.
Status sane(const Scenario& s) {
  const auto demand = ends_of(s.demand), cap = ends_of(s.cap), answer = ends_of(s.answer), floor = ends_of(s.floor);
  if (demand && cap && cap->second < demand->first) {
    return fail(ErrorKind::input, "scenario.cap", fmt::format("demand.cap of {} is below the demand of the start, {}", s.cap->stated, s.demand.stated),
                "raise the cap, or lower [demand] answers: it is what demand grows towards");
  }
  if (answer && floor && floor->first > answer->second) {
    return fail(ErrorKind::input, "scenario.floor", fmt::format("efficiency.floor of {} is above an answer of the start, {}", s.floor->stated, s.answer.stated),
                "lower the floor: it is the least that an answer can ever take");
  }
  const std::pair<const char*, std::optional<Distribution>> kShares[] = {{"efficiency.gain", s.gain}, {"grid.decline", s.decline}};
  for (const auto& [name, d] : kShares) {
    const auto ends = ends_of(d);
    if (!ends || ends->second < 1) continue;
    return fail(ErrorKind::input, "scenario.share", fmt::format("{} of {} takes away all there is in a year, or more", name, d->stated), "write 0.2 for 20 % a year");
  }
  return {};
}

Status valid(const Scenario& s) {
  if (s.start < 1900 || s.end <= s.start || s.end > s.start + 100) {
    return fail(ErrorKind::input, "scenario.years", fmt::format("from {} to {}", s.start, s.end), "give start and end, at most 100 years apart: start = 2025, end = 2035");
  }
  constexpr std::size_t kMostYears = 5'000'000;  // of all draws together
  if (s.draws.count < 100 || s.draws.count > kMostYears / static_cast<std::size_t>(s.end - s.start + 1)) {
    return fail(ErrorKind::input, "scenario.draws", fmt::format("{} draws of {} years", s.draws.count, s.end - s.start + 1), "give 100 draws or more, and at most 5 million years in all");
  }
  for (const Ramp& r : {s.reasoning, s.small}) {
    if (r.from >= 0 && r.to >= 0 && s.reasoning.from + s.small.from <= 1 && s.reasoning.to + s.small.to <= 1) continue;
    return fail(ErrorKind::input, "scenario.share", "shares of the mix lie from 0 to 1 together", "write reasoning = [0.1, 0.4] and small = [0.2, 0.5] so that no year's sum is above 1");
  }
  const bool chips_need = s.chips && !s.chip_power, money_needs = s.money && !(s.chip_power && s.chip_price);
  if (chips_need || money_needs) {
    return fail(ErrorKind::input, "scenario.limit", chips_need ? "a limit of chips needs chip_power" : "a limit of money needs chip_power and chip_price",
                "write [limits] chip_power = '1.2 kW', chip_price = '40000 USD'");
  }
  return sane(s);
}

// All draws, and what they come to.
class Runs {
 public:
  explicit Runs(const Scenario& s) : s_(s) {
    const auto distributions = inputs_of(s);
    Rng rng(s.draws.seed);
    for (std::size_t i = 0; i < s.draws.count; ++i) {
      Inputs in{};
      for (std::size_t k = 0; k < kInputs; ++k) in[k] = distributions[k] != nullptr ? distributions[k]->draw(rng) : 0;
      inputs_.push_back(in);
      years_.push_back(history(s, in));
    }
    method_ = fmt::format("Monte Carlo, {} draws, seed {}; median, 5th and 95th percentile", s.draws.count, s.draws.seed);
  }

  // `of` each draw.
  template <class Of>
  [[nodiscard]] std::vector<double> values(Of of) const {
    std::vector<double> out;
    out.reserve(years_.size());
    for (const auto& history : years_) out.push_back(of(history));
    return out;
  }

  [[nodiscard]] ScenarioYear year(std::size_t t) const {
    ScenarioYear y;
    y.year = s_.start + static_cast<int>(t);
    y.energy = fan_of(values([t](const auto& h) { return h[t].energy; }), "J", method_);
    if (s_.intensity) {
      y.carbon = fan_of(values([t](const auto& h) { return h[t].carbon; }), "kgCO2e", method_);
    } else {
      y.carbon.whole = Quantity::absent("kgCO2e", {"grid.none", "no intensity was given", "write [grid] intensity = '380 gCO2e/kWh'"});
    }
    y.answers = fan_of(values([t](const auto& h) { return h[t].wanted > 0 ? h[t].demand * h[t].rebound * h[t].energy / h[t].wanted : 0; }), "1", method_);
    std::array<std::size_t, kLimits.size()> bound{};
    for (const auto& h : years_) {
      if (h[t].limit >= 0) ++bound[static_cast<std::size_t>(h[t].limit)];
    }
    const auto most = std::ranges::max_element(bound);
    for (const std::size_t n : bound) y.limited += static_cast<double>(n) / static_cast<double>(years_.size());
    if (*most > 0) y.limit = kLimits[static_cast<std::size_t>(most - bound.begin())];
    return y;
  }

  [[nodiscard]] std::vector<Driver> drivers() const {
    std::vector<Driver> out;
    const auto add = [&](const char* name, double (*of)(const Year&)) {
      const auto ratio = [of](const std::vector<Year>& h) { return of(h.front()) > 0 ? of(h.back()) / of(h.front()) : 1; };
      out.push_back({name, fan_of(values(ratio), "1", method_).whole});
    };
    add("demand", [](const Year& y) { return y.demand; });
    add("efficiency", [](const Year& y) { return y.answer; });
    add("mix", [](const Year& y) { return y.mix; });
    add("rebound", [](const Year& y) { return y.rebound; });
    add("limit", [](const Year& y) { return y.wanted > 0 ? y.energy / y.wanted : 1; });
    return out;
  }

  [[nodiscard]] std::vector<Influence> influences() const {
    const auto last = values([](const auto& h) { return h.back().energy; });
    const auto distributions = inputs_of(s_);
    std::vector<Influence> out;
    for (std::size_t k = 0; k < kInputs; ++k) {
      if (distributions[k] == nullptr || distributions[k]->certain() || k == kIntensity || k == kDecline) continue;
      std::vector<double> drawn;
      for (const Inputs& in : inputs_) drawn.push_back(in[k]);
      out.push_back({kNames[k], rank_correlation(drawn, last)});
    }
    std::ranges::sort(out, std::ranges::greater{}, [](const Influence& i) { return std::abs(i.correlation); });
    return out;
  }

  [[nodiscard]] Result<BackTest> back_test(const Observed& observed) const {
    const int t = observed.year - s_.start;
    if (t < 1 || observed.year > s_.end) {
      return fail(ErrorKind::input, "scenario.years", fmt::format("{} was observed, which is outside of the scenario", observed.year), "observe a year after the start, up to the end");
    }
    const auto at = static_cast<std::size_t>(t);
    BackTest b;
    b.year = observed.year, b.source = observed.source;
    Rng rng(s_.draws.seed);
    b.observed = observed.ratio.draw(rng);
    const Quantity ratio = fan_of(values([at](const auto& h) { return h.front().energy > 0 ? h[at].energy / h.front().energy : 0; }), "1", "").whole;
    b.predicted = *ratio.value, b.lo = ratio.own.lo, b.hi = ratio.own.hi;
    b.frozen = *fan_of(values([at](const auto& h) { return h.front().demand > 0 ? h[at].demand * h[at].mix / (h.front().demand * h.front().mix) : 0; }), "1", "").whole.value;
    b.needed_gain = b.frozen > 0 ? 1 - std::pow(b.observed / b.frozen, 1.0 / t) : 0;
    b.inside = ratio.own.contains(b.observed);
    return b;
  }

  [[nodiscard]] std::size_t length() const { return years_.front().size(); }

 private:
  const Scenario& s_;
  std::vector<Inputs> inputs_;
  std::vector<std::vector<Year>> years_;
  std::string method_;
};

}  // namespace

std::vector<std::pair<std::string, std::string>> stated_inputs(const Scenario& s) {
  std::vector<std::pair<std::string, std::string>> out;
  const auto distributions = inputs_of(s);
  for (std::size_t k = 0; k < kInputs; ++k) {
    if (distributions[k] != nullptr) out.emplace_back(kNames[k], distributions[k]->stated);
  }
  for (const auto& [name, ramp] : {std::pair{"reasoning", &s.reasoning}, std::pair{"small", &s.small}}) {
    if (ramp->to > 0 || ramp->from > 0) out.emplace_back(name, fmt::format("share from {:g} to {:g}", ramp->from, ramp->to));
  }
  return out;
}

Result<Outcome> simulate(const Scenario& s) {
  if (auto ok = valid(s); !ok) return fail(ok.error());
  const Runs runs(s);
  Outcome out;
  for (std::size_t t = 0; t < runs.length(); ++t) out.years.push_back(runs.year(t));
  out.drivers = runs.drivers();
  out.influences = runs.influences();
  if (s.observed) {
    auto test = runs.back_test(*s.observed);
    if (!test) return fail(test.error());
    out.back_test = std::move(*test);
  }
  return out;
}

}  // namespace joulebook::account
