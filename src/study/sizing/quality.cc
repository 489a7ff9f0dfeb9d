#include "study/sizing/quality.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "study/estimates.h"
#include "study/student.h"

namespace joulebook {
namespace {

constexpr double kTail = (1 - kStudyLevel) / 2;

void judge_share(Quality& q, double limit) {
  const double n = static_cast<double>(q.prompts);
  const double k = *q.value * n;
  const double a = k + 0.5;
  const double b = n - k + 0.5;
  q.confidence = 1 - beta_cdf(limit, a, b);
  q.interval = {k <= 0 ? 0 : beta_quantile(kTail, a, b),
                k >= n ? 1 : beta_quantile(1 - kTail, a, b)};
}

void judge_mean(Quality& q, const Requirement& r, std::span<const double> values) {
  if (values.size() < 2) return;
  const double n = static_cast<double>(values.size());
  double squares = 0;
  for (const double x : values) squares += (x - *q.value) * (x - *q.value);
  const double error = std::sqrt(squares / (n - 1) / n);
  if (!(error > 1e-12 * std::max(1.0, std::abs(*q.value)))) return;
  const double above = student_cdf((*q.value - r.limit) / error, n - 1);
  q.confidence = less_is_better(r.measure) ? 1 - above : above;
  const double half = student_quantile(1 - kTail, n - 1) * error;
  const double most = less_is_better(r.measure) ? *q.value + half : 1;
  q.interval = {std::max(0.0, *q.value - half), std::min(most, *q.value + half)};
}

}  // namespace

Quality quality_of(const Requirement& requirement, std::span<const double> values) {
  Quality q;
  q.prompts = values.size();
  if (values.empty()) return q;
  q.value = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  if (requirement.measure == Measured::correct) {
    judge_share(q, requirement.limit);
  } else {
    judge_mean(q, requirement, values);
  }
  return q;
}

}  // namespace joulebook
