#pragma once
// Rules that need no recipe: what a figure and its inputs say of each other. Each says which input tripped
// it and by how much. docs/audit.md has them with their limits and sources. Pure; thread-safe.
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "account/audit/facts.h"

namespace joulebook::account {

enum class RuleState {
  passes,
  notes,    // the figure is not quite what it is taken for; its number may stand
  blocks,   // what was measured cannot bear the claim: it is not checkable
  fails,    // the claim contradicts itself or physics
  unknown,  // an input is missing: which, `message` says
};
[[nodiscard]] std::string_view to_string(RuleState state);

struct Finding {
  std::string rule;  // "power.mean"
  RuleState state = RuleState::passes;
  std::string message;
  std::vector<std::string> inputs;  // that it stood on
  double by = 1;                    // how far beyond the limit, as a factor of at least 1
  std::string source;               // of the limit
};

// A finding; its rule is named by who asked it.
[[nodiscard]] inline Finding finding(RuleState state, std::string message, std::vector<std::string> inputs, double by = 1, std::string source = {}) {
  return {{}, state, std::move(message), std::move(inputs), by, std::move(source)};
}

// Nothing where the rule has no business with this claim.
using Rule = std::optional<Finding> (*)(const Facts&);
struct NamedRule {
  std::string_view name, question;
  Rule rule;
};
[[nodiscard]] std::span<const NamedRule> all_rules();
// None where the claim's value is not positive.
[[nodiscard]] std::vector<Finding> run_rules(const Claim& claim);

std::optional<Finding> mean_power_rule(const Facts& facts);
std::optional<Finding> peak_power_rule(const Facts& facts);
std::optional<Finding> provisioned_rule(const Facts& facts);
std::optional<Finding> ram_rule(const Facts& facts);
std::optional<Finding> devices_rule(const Facts& facts);
std::optional<Finding> memory_rule(const Facts& facts);
std::optional<Finding> bandwidth_rule(const Facts& facts);
std::optional<Finding> flop_rate_rule(const Facts& facts);
std::optional<Finding> predicted_rule(const Facts& facts);
std::optional<Finding> utilisation_rule(const Facts& facts);
std::optional<Finding> sparse_rule(const Facts& facts);
std::optional<Finding> intensity_rule(const Facts& facts);
std::optional<Finding> fixed_length_rule(const Facts& facts);
std::optional<Finding> pue_rule(const Facts& facts);
std::optional<Finding> server_factor_rule(const Facts& facts);
std::optional<Finding> equivalent_rule(const Facts& facts);

}  // namespace joulebook::account
