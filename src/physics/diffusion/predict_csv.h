#pragma once
// `predict --csv` for rows with the columns of data/ml_energy_diffusion.csv, from the first to
// `steps`. All other columns are kept and ignored, whatever is in them.
#include <joulebook/result.h>

#include <optional>
#include <string_view>
#include <vector>

#include "physics/diffusion/predict.h"

namespace joulebook::diffusion {

// Whether a header's columns are those of images and video (`steps` beside `width` and `frames`).
[[nodiscard]] bool is_diffusion_header(const std::vector<std::string>& columns);

struct CsvRow {
  std::size_t line = 0;  // of the text, from 1
  std::string model;
  std::optional<Prediction> prediction;
  std::optional<Error> refusal;  // why there is none
};
struct Csv {
  std::string csv;  // the rows as they were, six columns appended
  std::vector<CsvRow> rows;
};

// Where the columns are. Error: input "csv.column" with the missing one.
class Columns {
 public:
  [[nodiscard]] static Result<Columns> find(const std::vector<std::string>& header);
  // What a row asks for. Errors: as of `predict`; "diffusion.size" for a cell that is no number.
  [[nodiscard]] Result<Request> request(const std::vector<std::string>& cells) const;
  [[nodiscard]] std::string cell(const std::vector<std::string>& cells, std::size_t column) const;

 private:
  std::vector<std::size_t> at_;
};

// Appends pred_j_per_item, pred_lo, pred_hi (80 %), pred_batch_latency_s, pred_avg_power_w (all
// GPUs) and pred_reason. A refused row has empty cells and a reason. Errors: input "csv.column",
// "csv.empty", "csv.quote".
[[nodiscard]] Result<Csv> predict_csv(std::string_view text,
                                      const Parameters& parameters = fitted());

}  // namespace joulebook::diffusion
