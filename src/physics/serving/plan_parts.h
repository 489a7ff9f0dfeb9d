#pragma once
// Parts of a plan's cost beside the step itself: drafts, the guard, the batch that a rate makes. For
// plan.cc. Pure; thread-safe.
#include "physics/serving/plan.h"

namespace joulebook::serving {

// A step in which a sequence gets one token, mean: the target's pass over its drafts and the draft
// model's passes together, over the tokens that they give. Without a draft the step as it is.
struct Stepped {
  Prediction step;
  double draft_step_s = 0;
  double wasted_share = 0;  // of the step's joules: drafts that are rejected
};
[[nodiscard]] Stepped step_of(const Plan& plan, const Workload& work, const ServingFit& fit);

// The batch at which as many requests leave as arrive (Little's law). `busy` below 1: requests are
// rarer than one batch of them takes. Error: input "plan.unstable".
struct Arrivals {
  double batch = 1;
  double busy = 1;
};
[[nodiscard]] Result<Arrivals> batch_at_rate(const Plan& plan, Workload work, const ServingFit& fit);

// What one pass of the guard over prompt and answer costs, on the fewest devices that hold it.
struct Guarded {
  double seconds = 0, joules = 0, devices = 1;
};
[[nodiscard]] Guarded guard_pass(const Plan& plan, const Workload& work, const ServingFit& fit);

// The least devices of its kind, a power of two times its layout, that hold it and so many bytes
// beside it; 0: over 4096.
[[nodiscard]] double devices_needed(Workload work, double context, double beside = 0);

}  // namespace joulebook::serving
