#pragma once
// One deployment that somebody thinks of: a model, devices, traffic; and what it would cost.
#include <joulebook/quantity.h>
#include <joulebook/result.h>

#include <array>
#include <string>

#include "physics/serving/fit_file.h"
#include "physics/serving/step_model.h"

namespace joulebook::serving {

struct Plan {
  Shape shape;
  std::string gpu = "H100";
  std::string weights = "bfloat16";
  double gpus = 1;  // tensor parallel, unless the replicas below divide them
  double data_parallel = 1;
  double pipeline = 1;
  double expert_parallel = 1;
  double batch = 1;
  double prompt = 250;
  double output = 500;
};

struct Costed {
  Workload work;
  Prediction step;
  Factors factors;  // of the 80 % interval, for every energy
  double level = 0.8;
  Memory memory;
  double devices_needed = 1;  // of this kind, the least that hold weights and cache; 0: over 4096
  // Of one request.
  double prefill_s = 0, decode_s = 0;
  double prefill_j = 0, decode_j = 0;
  [[nodiscard]] double request_j() const { return prefill_j + decode_j; }
  [[nodiscard]] double request_s() const { return prefill_s + decode_s; }
};

// Fails: input; "gpu.unknown", "plan.length" (a length or count that is negative, 0 or absurd).
// A plan that does not fit is costed all the same; memory says by how much.
[[nodiscard]] Result<Costed> cost(const Plan& plan, const ServingFit& fit);

// "memory.too_small", with what is missing and what would do; nothing where it fits.
[[nodiscard]] std::optional<Error> does_not_fit(const Costed& costed);

// A modelled energy or power of this plan, with its interval. `per`: "token", "request", "step".
[[nodiscard]] Quantity modelled(const Costed& costed, const ServingFit& fit, double value,
                                std::string unit, std::string per = {});

// The context at the end of a request, which memory must hold.
[[nodiscard]] double full_context(const Plan& plan);

}  // namespace joulebook::serving
