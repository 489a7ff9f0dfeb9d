#pragma once
// How far off a prediction may be: the residuals of architectures that were left out, scaled by
// what is known beforehand (engine, hardware, images, experts, precision, batch, whether the shape
// is known), then their 10th and 90th percentile. Conformal prediction with a local scale.
#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "core/quantile.h"
#include "physics/serving/rows.h"

namespace joulebook::serving {

constexpr std::size_t kFeatures = 13;

struct Spread {
  std::array<double, kFeatures> weights{};  // of the features, in ln |residual|
  double low = -1;   // 10th percentile of residual / scale
  double high = 1;   // 90th
  double level = 0.8;
};

[[nodiscard]] std::span<const std::string_view> feature_names();

// The factors on a predicted J/token between which the truth lies with the spread's level.
// `visual`: the prompts hold images or video.
struct Factors {
  double lo = 1;
  double hi = 1;
};
[[nodiscard]] Factors factors(const Spread& spread, const Workload& work);

struct Residual {
  const Workload* work = nullptr;
  double log_error = 0;  // ln(measured / predicted), its architecture left out of the fit
  double weight = 1;     // 1 / rows of its architecture
};

// REQUIRES: at least one residual.
[[nodiscard]] Spread calibrate(std::span<const Residual> residuals);

}  // namespace joulebook::serving
