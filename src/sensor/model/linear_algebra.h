#pragma once
// Dense symmetric positive definite matrices, row by row, n x n. Just what kriging needs.
// REQUIRES everywhere: a.size() == n * n. Undefined where the matrix is not positive definite.
#include <cstddef>
#include <vector>

namespace joulebook {

// The lower triangle L with L L' = a (the upper triangle of the result is 0).
[[nodiscard]] std::vector<double> cholesky(std::vector<double> a, std::size_t n);
// The inverse of a.
[[nodiscard]] std::vector<double> inverse(const std::vector<double>& a, std::size_t n);
// a x.
[[nodiscard]] std::vector<double> multiply(const std::vector<double>& a,
                                           const std::vector<double>& x);

}  // namespace joulebook
