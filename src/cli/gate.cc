#include "cli/gate.h"

#include <fmt/format.h>

namespace joulebook {

void add_gate(CLI::App& command, GateOptions& options) {
  command
      .add_option("--max-increase", options.max_increase,
                  "exit 1 where B surely takes more than this above A: 5%, 0.05")
      ->type_name("SHARE");
  add_require_tier(command, options.require_tier, "the figure");
}

void add_require_tier(CLI::App& command, std::string& tier, const std::string& what) {
  command
      .add_option("--require-tier", tier,
                  "exit 4 unless " + what + " is of this tier or a better one")
      ->check(CLI::IsMember({"measured", "apportioned", "modelled", "published"}));
}

Status check_tier(const std::string& required, const Quantity& figure, const std::string& what,
                  const std::string& code) {
  const auto tier = tier_from_string(required);
  if (!tier) return {};
  if (!figure.present()) {
    return fail(ErrorKind::no_reading, code, what + " is absent: " + figure.reason->message,
                figure.reason->cure);
  }
  if (figure.tier <= *tier) return {};
  return fail(ErrorKind::no_reading, code,
              fmt::format("{} is {}, and {} was required", what, to_string(figure.tier), required),
              "joulebook doctor tells what is missing here");
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
  const Quantity& ratio = versus.ratio;
  if (!ratio.present() && (!options.require_tier.empty() || versus.max_increase)) {
    return report_error({ErrorKind::no_reading, "compare.absent",
                         "there is no ratio: " + ratio.reason->message, ratio.reason->cure});
  }
  const auto ok = check_tier(options.require_tier, ratio, "the ratio", "compare.tier");
  if (!ok) return report_error(ok.error());
  return versus.against == Against::above ? 1 : 0;
}

}  // namespace joulebook
