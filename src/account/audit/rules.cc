#include "account/audit/rules.h"

namespace joulebook::account {

std::string_view to_string(RuleState state) {
  switch (state) {
    case RuleState::passes:
      return "passes";
    case RuleState::notes:
      return "notes";
    case RuleState::blocks:
      return "blocks";
    case RuleState::fails:
      return "fails";
    case RuleState::unknown:
      return "unknown";
  }
  return "unknown";
}

std::span<const NamedRule> all_rules() {
  static constexpr NamedRule kRules[] = {
      {"power.mean", "does the mean power lie between idle and the limit of the device?", mean_power_rule},
      {"power.peak", "is the highest reading possible?", peak_power_rule},
      {"power.provisioned", "was the power measured, or read off a data sheet?", provisioned_rule},
      {"ram.constant", "was the memory measured, or a constant?", ram_rule},
      {"devices.counted", "does the figure count the devices that worked?", devices_rule},
      {"memory.fits", "does the model fit the devices?", memory_rule},
      {"step.bandwidth", "could the memory deliver the weights in that time?", bandwidth_rule},
      {"step.flops", "could the device compute that fast?", flop_rate_rule},
      {"energy.predicted", "does the energy lie where this model can be, at some batch?", predicted_rule},
      {"training.utilisation", "does the training use 5 to 65 % of the peak?", utilisation_rule},
      {"peak.sparse", "is the peak a dense one?", sparse_rule},
      {"grid.intensity", "is the carbon per energy that of the place?", intensity_rule},
      {"protocol.length", "could answers have the length that they want?", fixed_length_rule},
      {"pue.twice", "was the building counted once?", pue_rule},
      {"boundary.server", "is the multiplier for the server one that was measured?", server_factor_rule},
      {"equivalent", "does the comparison come out with the published values?", equivalent_rule},
  };
  return kRules;
}

std::vector<Finding> run_rules(const Claim& claim) {
  const Facts facts(claim);
  std::vector<Finding> findings;
  if (!(claim.value.value > 0)) return findings;  // a difference or a saving: nothing to hold it against
  for (const NamedRule& r : all_rules()) {
    auto finding = r.rule(facts);
    if (!finding) continue;
    finding->rule = r.name;
    findings.push_back(std::move(*finding));
  }
  return findings;
}

}  // namespace joulebook::account
