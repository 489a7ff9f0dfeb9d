#pragma once
// An explanation as a table for a terminal and as JSON (docs/physics-explain.md). Pure; thread-safe.
#include <string>

#include "core/json.h"
#include "physics/explain/decompose.h"

namespace joulebook::explain {

[[nodiscard]] std::string to_text(const Explanation& explanation);
// Every energy and ratio a quantity; schema "joulebook.explanation/1".
[[nodiscard]] Json to_json(const Explanation& explanation);

// A modelled energy of a change, in `unit`: exp(log_ratio) of it, with its interval (80 %).
[[nodiscard]] Quantity ratio_quantity(double log_ratio, const LogInterval& interval);

// "x 2.19", "/ 51.8"; "-19.2 kJ".
[[nodiscard]] std::string factor_text(double log_ratio);
[[nodiscard]] std::string signed_joules(double joules);

// "gpu"; "node+pue 1.2".
[[nodiscard]] std::string boundary_text(const Deployment& deployment);

}  // namespace joulebook::explain
