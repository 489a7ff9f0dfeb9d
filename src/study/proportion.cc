#include "study/proportion.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "study/student.h"

namespace joulebook {

Interval wilson(double right, double n, double level) {
  if (!(n > 0)) return {0, 1};
  const double z = student_quantile(1 - (1 - level) / 2, std::numeric_limits<double>::infinity());
  const double p = right / n;
  const double below = 1 + z * z / n;
  const double middle = (p + z * z / (2 * n)) / below;
  const double half = z / below * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {right <= 0 ? 0 : std::max(0.0, middle - half), right >= n ? 1 : std::min(1.0, middle + half)};
}

}  // namespace joulebook
