// Any bytes as what a person writes to say what is enough: a requirement, a day's mix in words, a
// day's mix as CSV. An error names its code and its cure; a requirement that was read is in range and
// its own text can be read again; a day's counts are numbers from 0, its kinds have names.
// Faults planted on 2026-11-27: a limit above 1 and a negative count that are let through, both found
// at once from the seeds that are refused; without those seeds not within 220,000 inputs.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "study/sizing/route.h"

namespace {

void judge(const joulebook::Error& error) {
  if (error.code.empty() || error.cure.empty()) std::abort();
}

void judge(const joulebook::Result<joulebook::Day>& day) {
  if (!day) return judge(day.error());
  for (const auto& [kind, count] : *day) {
    if (kind.empty() || !std::isfinite(count) || count < 0) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 3 == 1) judge(joulebook::parse_day(text));
  if (data[0] % 3 == 2) judge(joulebook::parse_day_csv(text, "day.csv"));
  if (data[0] % 3 != 0) return 0;
  const auto r = joulebook::parse_requirement(text);
  if (!r) {
    judge(r.error());
    return 0;
  }
  const double most = joulebook::less_is_better(r->measure) ? 100 : 1;
  if (!(r->limit >= 0) || r->limit > most) std::abort();
  const auto again = joulebook::parse_requirement(joulebook::to_string(*r));
  if (!again || again->measure != r->measure) std::abort();
  if (std::abs(again->limit - r->limit) > 0.01 * r->limit + 1e-12) std::abort();
  return 0;
}
