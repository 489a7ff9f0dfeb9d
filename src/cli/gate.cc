#include "cli/gate.h"

#include <fmt/format.h>

namespace joulebook {

void add_gate(CLI::App& command, GateOptions& options) {
  command
      .add_option("--max-increase", options.max_increase,
                  "exit 1 where B surely takes more than this above A: 5%, 0.05")
      ->type_name("SHARE");
  command
      .add_option("--require-tier", options.require_tier,
                  "exit 4 unless the ratio is of this tier or a better one")
      ->check(CLI::IsMember({"measured", "apportioned", "modelled", "published"}));
}

Result<VersusOptions> versus_options(const GateOptions& options) {
  VersusOptions out;
  if (options.max_increase.empty()) return out;
  auto limit = parse_increase(options.max_increase);
  if (!limit) return fail(limit.error());
  out.max_increase = *limit;
  return out;
}

int gate(const Versus& versus, const GateOptions& options) {
  const auto required = tier_from_string(options.require_tier);
  const Quantity& ratio = versus.ratio;
  if (!ratio.present() && (required || versus.max_increase)) {
    return report_error({ErrorKind::no_reading, "compare.absent",
                         "there is no ratio: " + ratio.reason->message, ratio.reason->cure});
  }
  if (required && ratio.tier > *required) {
    return report_error({ErrorKind::no_reading, "compare.tier",
                         fmt::format("the ratio is {}, and {} was required",
                                     to_string(ratio.tier), options.require_tier),
                         "joulebook doctor tells what is missing here"});
  }
  return versus.against == Against::above ? 1 : 0;
}

}  // namespace joulebook
