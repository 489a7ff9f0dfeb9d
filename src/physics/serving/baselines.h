#pragma once
// What others would predict for the same rows.
#include <span>
#include <vector>

#include "physics/serving/rows.h"

namespace joulebook::serving {

// EcoLogits (mlco2/ecologits @ 5be90da, MPL-2.0; constants quoted): GPU energy per output token
// from active parameters and batch, times the row's number of devices. J/token.
[[nodiscard]] double ecologits_j_per_token(const Workload& work);
// Its latency per token from active parameters and batch, seconds.
[[nodiscard]] double ecologits_s_per_token(const Workload& work);

// For each example, a log-linear regression (total and active parameters, batch, devices, answer
// length, engine, hardware, precision, task) fitted on all other architectures. J/token.
[[nodiscard]] std::vector<double> regression_left_out(std::span<const Example> examples);

}  // namespace joulebook::serving
