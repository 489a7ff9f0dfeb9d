#pragma once
// `predict --csv` for rows with the columns of data/ml_energy.csv (rows.h says which are read).
#include <joulebook/result.h>

#include <string>
#include <string_view>
#include <vector>

#include "physics/serving/fit_file.h"

namespace joulebook::serving {

struct PredictedCsv {
  std::string text;  // the rows as they were, line ends too, six columns appended
  std::size_t rows = 0;
  std::size_t refused = 0;
  std::size_t guessed = 0;           // shapes synthesised from their sizes
  std::vector<std::string> reasons;  // of the first refused rows, with their line
};

// Appends pred_j_per_output_token, pred_lo, pred_hi (80 %), pred_tpot_ms (of the row's tpot_stat;
// without one: the median gap for v3, else the mean), pred_avg_power_w (all GPUs), pred_reason
// (empty for a predicted row). Fails: input, "csv.empty", "csv.column",
// "csv.quote".
[[nodiscard]] Result<PredictedCsv> predict_csv(std::string_view text, const ServingFit& fit);

// Records of a CSV text without their line ends; a line end inside quotes belongs to its record.
[[nodiscard]] std::vector<std::string_view> csv_records(std::string_view text);

}  // namespace joulebook::serving
