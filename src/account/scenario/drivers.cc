#include "account/scenario/drivers.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace joulebook::account {
namespace {

constexpr double kLevel = 0.9;

// Ranks, ties sharing their mean.
std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return values[i]; });
  std::vector<double> out(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t j = i;
    while (j < order.size() && values[order[j]] == values[order[i]]) ++j;
    for (std::size_t k = i; k < j; ++k) out[order[k]] = static_cast<double>(i + j - 1) / 2;
    i = j;
  }
  return out;
}

}  // namespace

double at_share(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<std::size_t>(std::floor(share * static_cast<double>(sorted.size() - 1)))];
}

Fan fan_of(std::vector<double> values, const std::string& unit, const std::string& method) {
  std::ranges::sort(values);
  Fan fan;
  fan.whole = Quantity::exact(at_share(values, 0.5), unit);
  fan.whole.own = {at_share(values, (1 - kLevel) / 2), at_share(values, (1 + kLevel) / 2)};
  fan.whole.level = values.front() == values.back() ? 1 : kLevel;
  fan.whole.tier = Tier::modelled;
  fan.whole.boundary = "as the scenario's inputs";
  fan.whole.method = method;
  fan.q25 = at_share(values, 0.25), fan.q75 = at_share(values, 0.75);
  return fan;
}

double rank_correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const auto x = ranks(a), y = ranks(b);
  const double mean = static_cast<double>(x.size() - 1) / 2;
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

}  // namespace joulebook::account
