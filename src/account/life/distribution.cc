#include "account/life/distribution.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "account/footprint/reckon.h"
#include "core/text.h"

namespace joulebook::account {
namespace {

using Kind = Distribution::Kind;

constexpr double kSumTolerance = 1e-6;  // of probabilities, for what decimals cannot say
// Beyond these a number is a slip, and products of several would leave what a double holds.
constexpr double kMost = 1e60, kMostSpread = 1e3;

struct Named {
  std::string_view name;
  Kind kind;
  std::size_t numbers;
  std::string_view shape;
};
constexpr Named kNamed[] = {{"normal", Kind::normal, 2, "normal(mean, standard deviation)"},
                            {"lognormal", Kind::lognormal, 2, "lognormal(median, geometric standard deviation of at least 1)"},
                            {"triangular", Kind::triangular, 3, "triangular(least, mode, most)"},
                            {"uniform", Kind::uniform, 2, "uniform(least, most)"},
                            {"discrete", Kind::discrete, 0, "discrete(value:probability, value:probability, ...)"}};

tl::unexpected<Error> bad_numbers(std::string_view text, const Named& named) {
  return fail(ErrorKind::input, "distribution.numbers", fmt::format("'{}' makes no sense", text), fmt::format("write {} UNIT, numbers from 0 to 1e60 of base units", named.shape));
}

// The parts between commas, as numbers.
std::vector<double> numbers_of(std::string_view inside) {
  std::vector<double> numbers;
  for (const auto part : split(inside, ',')) numbers.push_back(parse_double(trim(part)).value_or(-1));
  return numbers;
}

bool ordered(const Named& named, const std::vector<double>& n) {
  if (n.size() != named.numbers || std::ranges::any_of(n, [](double x) { return !(x >= 0) || !std::isfinite(x); })) return false;
  switch (named.kind) {
    case Kind::normal:
      return n[0] > 0;
    case Kind::lognormal:
      return n[0] > 0 && n[1] >= 1 && n[1] <= kMostSpread;
    default:
      return std::ranges::is_sorted(n);
  }
}

Result<Distribution> discrete(std::string_view text, std::string_view inside) {
  Distribution d;
  d.kind = Kind::discrete;
  for (const auto part : split(inside, ',')) {
    const auto pair = split(part, ':');
    const auto value = parse_double(trim(pair.front()));
    const auto chance = pair.size() == 2 ? parse_double(trim(pair[1])) : std::nullopt;
    if (!value || !chance || !(*value >= 0) || !(*chance >= 0) || !std::isfinite(*value) || !std::isfinite(*chance)) return bad_numbers(text, kNamed[4]);
    d.numbers.push_back(*value);
    d.probabilities.push_back(*chance);
  }
  const double sum = std::accumulate(d.probabilities.begin(), d.probabilities.end(), 0.0);
  if (std::abs(sum - 1) <= kSumTolerance) return d;
  if (!(sum > 0)) return bad_numbers(text, kNamed[4]);
  std::string cure;
  for (std::size_t i = 0; i < d.numbers.size(); ++i) {
    cure += fmt::format("{}{:g}:{:.6g}", cure.empty() ? "" : ", ", d.numbers[i], d.probabilities[i] / sum);
  }
  return fail(ErrorKind::input, "distribution.normalise", fmt::format("the probabilities of '{}' sum to {:g}, not to 1", text, sum),
              fmt::format("write discrete({}), if their proportions are meant", cure));
}

// name(inside) unit
Result<Distribution> named(std::string_view text, std::size_t open, std::string_view unit) {
  const auto close = text.rfind(')');
  const std::string name = lower(trim(text.substr(0, open)));
  const auto at = std::ranges::find(kNamed, name, &Named::name);
  if (at == std::end(kNamed) || close == std::string_view::npos || close < open) {
    return fail(ErrorKind::input, "distribution.unknown", fmt::format("'{}' is no distribution", text),
                "one of normal, lognormal, triangular, uniform, discrete, each with its numbers in brackets and the unit behind");
  }
  const std::string_view inside = text.substr(open + 1, close - open - 1);
  // The unit behind the bracket, by way of an amount of one.
  const auto one = measure_in(fmt::format("1 {}", trim(text.substr(close + 1))), unit, "");
  if (!one) return fail(one.error());
  Result<Distribution> d = Distribution{};
  if (at->kind == Kind::discrete) {
    d = discrete(text, inside);
    if (!d) return d;
  } else {
    d->kind = at->kind;
    d->numbers = numbers_of(inside);
    if (!ordered(*at, d->numbers)) return bad_numbers(text, *at);
  }
  const std::size_t scaled = at->kind == Kind::lognormal ? 1 : d->numbers.size();
  for (std::size_t i = 0; i < scaled; ++i) d->numbers[i] *= one->value;
  return d;
}

}  // namespace

Distribution Distribution::fixed(double base_value) { return {Kind::fixed, {base_value}, {}, fmt::format("{:g}", base_value)}; }

Result<Distribution> Distribution::parse(std::string_view text, std::string_view unit) {
  const auto open = text.find('(');
  Result<Distribution> d = Distribution{};
  if (open != std::string_view::npos) {
    d = named(text, open, unit);
  } else {
    const auto measure = measure_in(text, unit, "");
    if (!measure) return fail(measure.error());
    if (measure->lo < measure->hi) {
      d->kind = Kind::uniform;
      d->numbers = {measure->lo, measure->hi};
    } else {
      d = fixed(measure->value);
    }
  }
  if (!d) return d;
  if (std::ranges::any_of(d->numbers, [](double x) { return !(x <= kMost); })) {
    return fail(ErrorKind::input, "distribution.numbers", fmt::format("'{}' is more than anything takes", text), "check the unit");
  }
  d->stated = trim(text);
  return d;
}

double Distribution::draw(Rng& rng) const {
  switch (kind) {
    case Kind::fixed:
      return numbers[0];
    case Kind::normal:
      for (;;) {  // the mean is above 0: at least every second draw is
        const double x = numbers[0] + numbers[1] * rng.normal();
        if (x >= 0) return x;
      }
    case Kind::lognormal:
      return numbers[0] * std::exp(std::log(numbers[1]) * rng.normal());
    case Kind::triangular: {
      const double a = numbers[0], mode = numbers[1], b = numbers[2], u = rng.uniform();
      if (a == b) return a;
      const double split = (mode - a) / (b - a);
      return u < split ? a + std::sqrt(u * (b - a) * (mode - a)) : b - std::sqrt((1 - u) * (b - a) * (b - mode));
    }
    case Kind::uniform:
      return numbers[0] + (numbers[1] - numbers[0]) * rng.uniform();
    case Kind::discrete: {
      double left = rng.uniform();
      for (std::size_t i = 0; i + 1 < numbers.size(); ++i) {
        if (left < probabilities[i]) return numbers[i];
        left -= probabilities[i];
      }
      return numbers.back();
    }
  }
  return 0;
}

}  // namespace joulebook::account
