#pragma once
// The fit of the serving model to measured rows, and what it is worth on architectures that it has
// not seen.
#include <joulebook/result.h>

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "physics/serving/interval.h"
#include "physics/serving/parameters.h"
#include "physics/serving/rows.h"

namespace joulebook::serving {

struct FitOptions {
  double prior = 0.5;      // weight of the priors against a residual at the robust scale
  double robust = 0.08;    // log residual from which on a row counts by its size, not its square
  int most_iterations = 60;
};

// Residuals of the logarithms of J/token, mean step time and the stated time per token, pseudo
// Huber, rows weighted by the fourth root of 1 / rows of their architecture; a Gaussian prior on
// every free coordinate. Deterministic. `start`: free coordinates, empty: all neutral.
struct FitOutcome {
  Parameters parameters{};
  std::vector<double> free;
  double cost = 0;
  int iterations = 0;
};
[[nodiscard]] Result<FitOutcome> fit(std::span<const Example> examples, const FitOptions& options,
                                     std::vector<double> start = {});

// For each example, the prediction of a fit that has not seen its architecture.
struct LeftOut {
  Prediction prediction;
  Prediction synthesised;  // the same with the shape guessed from its sizes
};
[[nodiscard]] Result<std::vector<LeftOut>> leave_architectures_out(
    std::span<const Example> examples, std::span<const Example> synthesised, const FitOptions& options,
    const std::vector<double>& start, const std::function<void(std::size_t, std::size_t)>& progress = {});

// 1 / rows of the same fold.
[[nodiscard]] std::vector<double> fold_weights(std::span<const Example> examples);

// The spread of left-out residuals, of known and of guessed shapes.
[[nodiscard]] Spread calibrate_left_out(std::span<const Example> examples,
                                        std::span<const Example> synthesised,
                                        std::span<const LeftOut> left_out);

}  // namespace joulebook::serving
