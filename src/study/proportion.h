#pragma once
// A share of successes with its interval. Pure.
#include <joulebook/quantity.h>

namespace joulebook {

// Wilson's score interval (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927) of `right` among `n` things
// drawn alike, 0 <= right <= n; `right` may be a sum of shares, which only narrows what is claimed of
// each. n = 0: [0, 1].
[[nodiscard]] Interval wilson(double right, double n, double level);

}  // namespace joulebook
