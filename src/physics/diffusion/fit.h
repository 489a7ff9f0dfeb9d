#pragma once
// Chooses the parameters from measured rows. Only the program diffusion_fit and its test link this
// (and NLopt); predicting needs the file it writes.
#include <joulebook/result.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "physics/diffusion/predict.h"

namespace joulebook::diffusion {

// One measured row.
struct Sample {
  Request request;
  Job job;
  Job unnamed;               // as it would be counted had the name said nothing
  std::string architecture;  // rows of one are left out together
  double j_per_item = 0;
  double seconds = 0;        // of the batch
};

// Rows of data/ml_energy_diffusion.csv with their measured columns. Errors: as `predict_csv`; a
// row that can't be counted is an error too.
[[nodiscard]] Result<std::vector<Sample>> read_samples(std::string_view csv);

// Least squares of log ratios of joules and, at a quarter of the weight, seconds; deviations far
// beyond 15 % count linearly. Each architecture and engine counts the same, however many rows it
// has. A weak prior holds what the data don't say. NLopt's SLSQP in logarithms, within the bounds.
// Errors: resource "diffusion.fit" where the optimiser fails; input where `samples` is empty.
[[nodiscard]] Result<Parameters> fit(const std::vector<const Sample*>& samples);

// A log-linear regression on parameters, pixels, steps, batch, devices and GPU: what to beat.
class Regression {
 public:
  [[nodiscard]] static Regression fit(const std::vector<const Sample*>& samples);
  [[nodiscard]] double j_per_item(const Sample& sample) const;

 private:
  std::vector<double> coefficients_;
};

}  // namespace joulebook::diffusion
