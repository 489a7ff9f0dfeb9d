#pragma once
// A grid's intensity over time, from a user's CSV, and its mean over any span. docs/formats/account.md.
// Plain values; thread-safe.
#include <joulebook/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace joulebook::account {

struct IntensitySeries {
  std::string origin;         // file name, for messages
  std::int64_t begin_ns = 0;  // of the first row, since 1970 UTC
  std::int64_t step_ns = 0;   // each row holds for so long
  std::vector<double> kg_per_j;

  [[nodiscard]] std::int64_t end_ns() const { return begin_ns + step_ns * static_cast<std::int64_t>(kg_per_j.size()); }
};

// Columns `time` and one that is named by its unit (`gCO2e/kWh`); others are passed over. Rows rise in
// steps of one length. `zone`: of times that carry none. Errors: input "series.columns", "series.value",
// "series.step" (a gap, a step back, naming the line), those of parse_instant, and "unit.pounds".
[[nodiscard]] Result<IntensitySeries> parse_series(std::string_view csv, std::string origin, std::optional<int> zone);

// kgCO2e/J x s over [from, to): neighbouring spans sum to the whole. Errors: input "series.span" (it does not
// cover it).
[[nodiscard]] Result<double> integral(const IntensitySeries& series, std::int64_t from_ns, std::int64_t to_ns);

// Energy that was used in a span.
struct TimedEnergy {
  std::int64_t from_ns = 0, to_ns = 0;  // from < to
  double joules = 0;
};
// kgCO2e/J, each span's mean weighed by its energy (by its length where none has any). Errors: those of
// integral. REQUIRES: not empty.
[[nodiscard]] Result<double> mean_intensity(const IntensitySeries& series, const std::vector<TimedEnergy>& energies);

}  // namespace joulebook::account
