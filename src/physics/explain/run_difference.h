#pragma once
// Two measured answers on one CPU: ln(E_B / E_A) taken apart as decompose.h does it, through a model of
// the machine that is fitted to A: calibrated rates, A's own prefill efficiency, launch of a layer and
// power. What B does beyond that is `rest`. Pure; thread-safe.
#include <string>
#include <vector>

#include "physics/explain/decompose.h"
#include "physics/explain/measured_run.h"

namespace joulebook::explain {

struct RunDifference {
  MeasuredAnswer a, b;
  std::vector<Part> parts;  // tokens, context, cache, precision, shape: those that differ; no intervals
  double rest = 0;
  double log_ratio = 0;
};

// Errors: those of explain_run for either.
[[nodiscard]] Result<RunDifference> explain_runs(const MeasuredAnswer& a, const MeasuredAnswer& b,
                                                 const RunMachine& machine, const serving::ServingFit& fit);

[[nodiscard]] std::string to_text(const RunDifference& difference);
// Schema "joulebook.run-difference/1".
[[nodiscard]] Json to_json(const RunDifference& difference);

}  // namespace joulebook::explain
