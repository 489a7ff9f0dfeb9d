#pragma once
// A figure that a model gave. Pure; thread-safe.
#include <joulebook/quantity.h>

#include <string>

namespace joulebook {

// Coverage that every interval of a prediction claims: between the 10th and the 90th percentile.
inline constexpr double kModelledLevel = 0.8;

struct ModelledBy {
  std::string boundary;  // "gpu"
  std::string method;    // the model, what it was fitted to and when
  double level = kModelledLevel;
};

// `value` in `unit`, of `per` (empty: a total), between the ends of `own`.
[[nodiscard]] Quantity modelled(double value, Interval own, std::string unit, std::string per,
                                const ModelledBy& by);

// Somebody's figure beside which no interval stands: nothing is known but that it is at least `floor`.
[[nodiscard]] Quantity stated(double value, double floor, std::string unit, std::string per, Tier tier,
                              std::string boundary, std::string_view source);

}  // namespace joulebook
