#pragma once
// How good the model is on architectures that it never saw: each in turn is left out of the fit.
#include <functional>
#include <string>
#include <vector>

#include "physics/diffusion/fit.h"

namespace joulebook::diffusion {

// A row beside what was predicted for it by a fit without its architecture. Logarithms of
// predicted over measured.
struct Judged {
  const Sample* sample = nullptr;
  double joules = 0, seconds = 0;
  double unnamed = 0, unnamed_seconds = 0;  // had the name said nothing
  double regression = 0;   // joules
  double half_width = 0;   // of the interval, from the architectures that are left
};

struct Evaluation {
  std::vector<Judged> rows;
  Parameters all;  // fitted to every row, with the half widths of `rows`
};

[[nodiscard]] Result<Evaluation> evaluate(const std::vector<Sample>& samples,
                                          const std::string& date);

// The 80 % quantile of |value| over the rows that `which` speaks of (all, where shapes are
// guessed), each architecture weighing the same; `without` leaves one out.
[[nodiscard]] double half_width(const std::vector<Judged>& rows, double Judged::*value,
                                Width which, const std::string& without = {});

using Rows = std::vector<const Judged*>;
// A figure of each architecture's rows, averaged over architectures; 0 of no rows.
[[nodiscard]] double over_architectures(const Rows& rows,
                                        const std::function<double(const Rows&)>& figure);
// The quantile `level` of the absolute relative error, so averaged.
[[nodiscard]] double error(const Rows& rows, double Judged::*value, double level);

// The page of figures, as Markdown. `checks` is a text to put before its end.
[[nodiscard]] std::string report(const Evaluation& evaluation, const std::string& checks);

// One-GPU estimates of data/power_hungry_images.csv (32 bit, batch 1, 50 steps, A100 80 GB) beside
// predictions: a test, never fitted. Markdown.
[[nodiscard]] Result<std::string> power_hungry_check(std::string_view csv,
                                                     const Parameters& parameters);

}  // namespace joulebook::diffusion
