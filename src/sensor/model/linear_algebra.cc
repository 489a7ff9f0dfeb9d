#include "sensor/model/linear_algebra.h"

#include <cmath>
#include <numeric>

namespace joulebook {

std::vector<double> cholesky(std::vector<double> a, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    double* row = &a[i * n];
    for (std::size_t j = 0; j <= i; ++j) {
      const double* other = &a[j * n];
      const double rest = row[j] - std::inner_product(other, other + j, row, 0.0);
      row[j] = i == j ? std::sqrt(rest) : rest / other[j];
    }
    for (std::size_t j = i + 1; j < n; ++j) row[j] = 0;
  }
  return a;
}

std::vector<double> inverse(const std::vector<double>& a, std::size_t n) {
  const std::vector<double> lower = cholesky(a, n);
  // Row c of `columns` is L^-1 e_c: forward substitution, zero before c.
  std::vector<double> columns(n * n, 0.0);
  for (std::size_t c = 0; c < n; ++c) {
    double* x = &columns[c * n];
    x[c] = 1 / lower[c * n + c];
    for (std::size_t i = c + 1; i < n; ++i) {
      const double* row = &lower[i * n];
      x[i] = -std::inner_product(x + c, x + i, row + c, 0.0) / row[i];
    }
  }
  // a^-1 = L^-T L^-1: entry (i, j) is the product of rows i and j from max(i, j) on.
  std::vector<double> result(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      const double* x = &columns[i * n];
      const double* y = &columns[j * n];
      result[i * n + j] = result[j * n + i] = std::inner_product(x + i, x + n, y + i, 0.0);
    }
  }
  return result;
}

std::vector<double> multiply(const std::vector<double>& a, const std::vector<double>& x) {
  const std::size_t n = x.size();
  std::vector<double> y(n);
  for (std::size_t i = 0; i < n; ++i) y[i] = std::inner_product(x.begin(), x.end(), &a[i * n], 0.0);
  return y;
}

}  // namespace joulebook
