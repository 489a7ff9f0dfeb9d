#include <cmath>

#include "physics/diffusion/fit.h"

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

// Solves a x = b for a symmetric positive matrix, in place (Gauss, pivots on the diagonal).
std::vector<double> solved(std::vector<std::vector<double>> a, std::vector<double> b) {
  const std::size_t n = b.size();
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t i = k + 1; i < n; ++i) {
      const double f = a[i][k] / a[k][k];
      for (std::size_t j = k; j < n; ++j) a[i][j] -= f * a[k][j];
      b[i] -= f * b[k];
    }
  }
  for (std::size_t k = n; k-- > 0;) {
    for (std::size_t j = k + 1; j < n; ++j) b[k] -= a[k][j] * b[j];
    b[k] /= a[k][k];
  }
  return b;
}

}  // namespace

Regression Regression::fit(const std::vector<const Sample*>& samples) {
  Regression out;
  std::vector<std::vector<double>> a;
  std::vector<double> b;
  for (const Sample* s : samples) {
    const auto x = features(*s);
    a.resize(x.size(), std::vector<double>(x.size()));
    b.resize(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      for (std::size_t j = 0; j < x.size(); ++j) a[i][j] += x[i] * x[j];
      b[i] += x[i] * std::log(s->j_per_item);
    }
  }
  for (std::size_t i = 0; i < a.size(); ++i) a[i][i] += 1e-6;  // where a column is constant
  out.coefficients_ = solved(std::move(a), std::move(b));
  return out;
}

double Regression::j_per_item(const Sample& sample) const {
  const auto x = features(sample);
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * coefficients_[i];
  return std::exp(sum);
}

}  // namespace joulebook::diffusion
