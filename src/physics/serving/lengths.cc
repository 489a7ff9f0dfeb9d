#include "physics/serving/lengths.h"

#include <fmt/format.h>

#include <cmath>

#include "core/text.h"

namespace joulebook::serving {

// ln(p90 / mean) = z s - s^2 / 2, of which the smaller s is taken: with the greater one the mean would
// be made by a few giants.
Result<Lengths> log_normal(double mean, double p90) {
  constexpr double kZ = 1.2815515655446004;  // of the 90th percentile
  const double ratio = p90 / mean;
  const double below = kZ * kZ - 2 * std::log(ratio);
  if (!(ratio >= 1) || !(below >= 0)) {
    return fail(ErrorKind::input, "plan.spread",
                fmt::format("no log-normal has a mean of {} and a 90th percentile of {}", mean, p90),
                fmt::format("give a 90th percentile from {:.0f} to {:.0f}", mean,
                            std::floor(mean * std::exp(kZ * kZ / 2))));
  }
  const double s = kZ - std::sqrt(below);
  return Lengths{mean, std::exp(s * s)};
}

Result<Lengths> parse_lengths(std::string_view flag, std::string_view text) {
  const auto colon = text.find(':');
  const auto mean = parse_double(trim(text.substr(0, colon)));
  const auto p90 = colon == std::string_view::npos ? mean : parse_double(trim(text.substr(colon + 1)));
  if (!mean || !p90) {
    return fail(ErrorKind::input, "plan.length", fmt::format("{} {} is no length", flag, text),
                "give tokens, as 250, or their mean and 90th percentile, as 250:400");
  }
  if (colon == std::string_view::npos) return Lengths{*mean, 1};
  return log_normal(*mean, *p90);
}

}  // namespace joulebook::serving
