#include "physics/serving/parameters.h"

#include <algorithm>
#include <cmath>

namespace joulebook::serving {
namespace {

constexpr ParameterInfo kTable[] = {
#define JOULEBOOK_ROW(id, unit, neutral, lo, hi) {#id, unit, neutral, lo, hi},
    JOULEBOOK_SERVING_PARAMETERS(JOULEBOOK_ROW)
#undef JOULEBOOK_ROW
};
static_assert(std::size(kTable) == kParameters);

// Place of a value between its bounds on a log scale, kept off the ends, as a logit.
double logit(double value, const ParameterInfo& info) {
  const double u = std::clamp(std::log(value / info.lo) / std::log(info.hi / info.lo), 1e-3, 1 - 1e-3);
  return std::log(u / (1 - u));
}

}  // namespace

std::span<const ParameterInfo> parameter_table() { return kTable; }

Parameters neutral_parameters() {
  Parameters p{};
  for (std::size_t i = 0; i < kParameters; ++i) p[i] = kTable[i].neutral;
  return p;
}

Parameters from_free(std::span<const double> x) {
  Parameters p{};
  for (std::size_t i = 0; i < kParameters; ++i) {
    const ParameterInfo& info = kTable[i];
    const double s = 1 / (1 + std::exp(-(logit(info.neutral, info) + x[i])));
    p[i] = info.lo * std::pow(info.hi / info.lo, s);
  }
  return p;
}

std::vector<double> to_free(const Parameters& values) {
  std::vector<double> x(kParameters);
  for (std::size_t i = 0; i < kParameters; ++i) {
    x[i] = logit(values[i], kTable[i]) - logit(kTable[i].neutral, kTable[i]);
  }
  return x;
}

}  // namespace joulebook::serving
