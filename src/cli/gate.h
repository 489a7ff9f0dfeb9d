#pragma once
// What a comparison is asked for on the command line, by `compare` and `run --vs`, and what the
// answer makes of the exit code.
#include <CLI/CLI.hpp>
#include <string>

#include "cli/context.h"
#include "cli/gate_options.h"
#include "study/versus.h"

namespace joulebook {

void add_gate(CLI::App& command, GateOptions& options);

// The limit among the options of a comparison. Errors: as parse_increase.
[[nodiscard]] Result<VersusOptions> versus_options(const GateOptions& options);

// --require-tier alone.
void add_require_tier(CLI::App& command, std::string& tier, const std::string& what);

// Errors: no_reading `code`, where a tier is required (a word of the flag; empty: none) and the
// figure is absent or of a weaker one. `what`: "the ratio".
[[nodiscard]] Status check_tier(const std::string& required, const Quantity& figure,
                                const std::string& what, const std::string& code);

// 0; 1 where the limit is exceeded; 4, with the reason on standard error, where the ratio is of a
// weaker tier than required, or there is none and one was needed.
[[nodiscard]] int gate(const Versus& versus, const GateOptions& options);

}  // namespace joulebook
