#include <cmath>

#include "physics/diffusion/fit.h"
#include "physics/serving/least_squares.h"

namespace joulebook::diffusion {
namespace {

std::vector<double> features(const Sample& s) {
  const Request& r = s.request;
  const double params = r.denoiser_params_b > 0 ? r.denoiser_params_b : r.total_params_b;
  const auto g = s.job.device.generation;
  return {1,
          std::log(params),
          std::log(r.width * r.height * r.frames),
          std::log(r.steps),
          std::log(r.batch),
          std::log(r.gpus),
          g == Generation::hopper ? 1.0 : 0.0,
          g == Generation::blackwell ? 1.0 : 0.0,
          r.frames > 1 ? 1.0 : 0.0};
}

}  // namespace

Regression Regression::fit(const std::vector<const Sample*>& samples) {
  std::vector<std::vector<double>> rows;
  std::vector<double> y;
  for (const Sample* s : samples) {
    rows.push_back(features(*s));
    y.push_back(std::log(s->j_per_item));
  }
  constexpr double kRidge = 1e-6;  // where a column is constant
  Regression out;
  out.coefficients_ =
      serving::ridge_regression(rows, y, std::vector<double>(rows.size(), 1), kRidge);
  return out;
}

double Regression::j_per_item(const Sample& sample) const {
  const auto x = features(sample);
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * coefficients_[i];
  return std::exp(sum);
}

}  // namespace joulebook::diffusion
