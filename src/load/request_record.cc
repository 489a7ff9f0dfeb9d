#include "load/request_record.h"

namespace joulebook::load {
namespace {

bool within(std::optional<Nanos> value, std::optional<double> bound, bool if_unknown) {
  if (!bound) return true;
  return value ? Seconds(*value).count() <= *bound : if_unknown;
}

}  // namespace

std::optional<Nanos> RequestRecord::ttft() const {
  if (!first) return std::nullopt;
  return *first - scheduled;
}

std::optional<Nanos> RequestRecord::tpot() const {
  if (!first || !last || pieces < 2 || output_tokens() < 2) return std::nullopt;
  return (*last - *first) / (output_tokens() - 1);
}

bool RequestRecord::good(const Slo& slo) const {
  if (!ok()) return false;
  const bool short_answer = output_tokens() < 2;
  const auto gap = pieces >= 2 ? std::optional(longest_gap) : std::nullopt;
  return within(ttft(), slo.ttft, false) && within(tpot(), slo.tpot, short_answer) &&
         within(gap, slo.itl, short_answer) && within(e2e(), slo.e2e, false);
}

}  // namespace joulebook::load
