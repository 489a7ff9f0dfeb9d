#pragma once
// Error tables on measured rows.
#include <joulebook/result.h>

#include <span>
#include <string>
#include <vector>

#include "core/json.h"
#include "physics/serving/fit.h"
#include "physics/serving/fit_file.h"

namespace joulebook::serving {

// One group of rows. Errors are |predicted / measured - 1|; each is a quantile in which every
// architecture weighs alike, however many rows it has.
struct ErrorLine {
  std::string group;
  std::size_t rows = 0;
  std::size_t architectures = 0;
  double median = 0, p90 = 0;            // J/token
  double time_median = 0, time_p90 = 0;  // stated time per token
  double ecologits_median = 0, ecologits_p90 = 0;
  double regression_median = 0, regression_p90 = 0;
  double covered = 0;         // share of rows inside their 80 % interval
  double mean_width = 0;      // mean of hi / lo
  double interval_score = 0;  // mean, in ln J, at 80 % (Gneiting and Raftery 2007, eq. 43)
};

struct Evaluation {
  std::vector<ErrorLine> lines;     // groups that matter first
  std::vector<std::string> worst;   // ten rows, with what the model said
  double median_error = 0;          // over all
};

// `left_out` and `spreads` (one a row; fitted without the row's architecture) belong to examples.
[[nodiscard]] Evaluation evaluate(std::span<const Example> examples,
                                  std::span<const LeftOut> left_out, std::span<const Spread> spreads);

// A spread for each row from the residuals of all other architectures.
[[nodiscard]] std::vector<Spread> spreads_left_out(std::span<const Example> examples,
                                                   std::span<const Example> synthesised,
                                                   std::span<const LeftOut> left_out);

[[nodiscard]] std::string to_markdown(const Evaluation& evaluation);
[[nodiscard]] Json to_json(const Evaluation& evaluation);

}  // namespace joulebook::serving
