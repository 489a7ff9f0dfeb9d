#include "physics/serving/least_squares.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_multifit_nlinear.h>

#include <memory>

namespace joulebook::serving {
namespace {

struct Problem {
  const std::function<void(std::span<const double>, std::span<double>)>& residuals;
  std::vector<double> out;
};

int call(const gsl_vector* x, void* context, gsl_vector* f) {
  auto& problem = *static_cast<Problem*>(context);
  problem.residuals({x->data, x->size}, problem.out);
  // f may be a column of the Jacobian: its elements do not stand side by side.
  for (std::size_t i = 0; i < f->size; ++i) gsl_vector_set(f, i, problem.out[i]);
  return GSL_SUCCESS;
}

template <auto Free>
struct Freed {
  void operator()(auto* p) const { Free(p); }
};
using Vector = std::unique_ptr<gsl_vector, Freed<gsl_vector_free>>;
using Matrix = std::unique_ptr<gsl_matrix, Freed<gsl_matrix_free>>;
using Solver = std::unique_ptr<gsl_multifit_nlinear_workspace, Freed<gsl_multifit_nlinear_free>>;

}  // namespace

Result<LeastSquares> minimise(
    const std::function<void(std::span<const double> x, std::span<double> out)>& residuals,
    std::vector<double> start, std::size_t count, int most_iterations, double tolerance) {
  gsl_set_error_handler_off();
  Problem problem{residuals, std::vector<double>(count)};
  gsl_multifit_nlinear_fdf fdf{};
  fdf.f = call;
  fdf.n = count;
  fdf.p = start.size();
  fdf.params = &problem;
  gsl_multifit_nlinear_parameters how = gsl_multifit_nlinear_default_parameters();
  how.solver = gsl_multifit_nlinear_solver_qr;
  how.scale = gsl_multifit_nlinear_scale_levenberg;  // free coordinates are of one size
  how.h_df = 1e-6;
  const Solver solver(gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &how, count, start.size()));
  if (!solver) return fail(ErrorKind::resource, "fit.memory", "no memory for the fit", "use fewer rows");
  const gsl_vector_view x0 = gsl_vector_view_array(start.data(), start.size());
  int info = 0;
  if (gsl_multifit_nlinear_init(&x0.vector, &fdf, solver.get()) != GSL_SUCCESS) {
    return fail(ErrorKind::input, "fit.diverged", "the fit cannot start",
                "look for rows without energy, time or batch");
  }
  gsl_multifit_nlinear_driver(static_cast<std::size_t>(most_iterations), tolerance, 1e-3 * tolerance,
                              tolerance, nullptr, nullptr, &info, solver.get());
  const gsl_vector* x = gsl_multifit_nlinear_position(solver.get());
  const gsl_vector* f = gsl_multifit_nlinear_residual(solver.get());
  LeastSquares result{std::vector<double>(x->data, x->data + x->size), 0,
                      static_cast<int>(gsl_multifit_nlinear_niter(solver.get()))};
  gsl_blas_ddot(f, f, &result.cost);
  result.cost /= 2;
  if (!(result.cost < 1e300)) {
    return fail(ErrorKind::input, "fit.diverged", "the fit left the numbers",
                "look for rows without energy, time or batch");
  }
  return result;
}

std::vector<double> ridge_regression(std::span<const std::vector<double>> rows,
                                     std::span<const double> y, std::span<const double> weights,
                                     double ridge) {
  gsl_set_error_handler_off();
  const std::size_t n = rows.empty() ? 0 : rows[0].size();
  if (n == 0) return {};
  const Matrix a(gsl_matrix_calloc(n, n));
  const Vector b(gsl_vector_calloc(n)), w(gsl_vector_calloc(n));
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t i = 0; i < n; ++i) {
      *gsl_vector_ptr(b.get(), i) += weights[r] * y[r] * rows[r][i];
      for (std::size_t j = 0; j < n; ++j) {
        *gsl_matrix_ptr(a.get(), i, j) += weights[r] * rows[r][i] * rows[r][j];
      }
    }
  }
  constexpr double kRegular = 1e-9;  // a column without rows gets 0
  for (std::size_t i = 0; i < n; ++i) *gsl_matrix_ptr(a.get(), i, i) += i == 0 ? kRegular : ridge + kRegular;
  gsl_linalg_cholesky_decomp1(a.get());
  gsl_linalg_cholesky_solve(a.get(), b.get(), w.get());
  return {w->data, w->data + n};
}

}  // namespace joulebook::serving
