#pragma once
// One deployment that somebody thinks of: a model, devices, traffic; and what it would cost.
#include <joulebook/quantity.h>
#include <joulebook/result.h>

#include <array>
#include <optional>
#include <string>

#include "core/modelled.h"
#include "physics/serving/fit_file.h"
#include "physics/serving/step_model.h"

namespace joulebook::serving {

struct Plan {
  Shape shape;
  std::string gpu = "H100";    // kHere: the device below
  std::optional<Device> here;  // this machine, as it was calibrated
  std::string weights;  // "bfloat16", "fp8", ...; empty: as the shape's file or release has them
  double gpus = 1;  // tensor parallel, unless the replicas below divide them
  double data_parallel = 1;
  double pipeline = 1;
  double expert_parallel = 1;
  double batch = 1;
  double prompt = 250;
  double output = 500;    // tokens of the answer
  double prompt_second = 1;  // mean of squares over the square of the mean: lengths.h
  double output_second = 1;
  double reasoning = 0;   // tokens thought before it
  double cached = 0;      // share of the prompt that the prefix cache holds, 0 to 1
  double best_of = 1;     // answers drawn for a request, from one reading of its prompt
  std::optional<Shape> draft;  // proposes draft_tokens a step, each accepted with this chance
  double draft_tokens = 4;
  double acceptance = 0.7;
  std::optional<Shape> guard;  // reads prompt and answer, on devices of its own
  double rate = 0;             // requests a second; the batch follows from it. 0: the batch is given
};

struct Costed {
  Workload work;
  Prediction step;
  Factors factors;  // of the 80 % interval, for every energy
  double level = kModelledLevel;
  std::string boundary = "gpu";
  std::string method;  // of every figure
  Memory memory;
  double devices_needed = 1;  // of this kind, the least that hold weights and cache; 0: over 4096
  double draft_step_s = 0;  // of one pass of the draft model
  // Of one request, all its answers together.
  double prefill_s = 0, decode_s = 0;
  double prefill_j = 0, decode_j = 0;
  // Of decode: thinking (its tokens of one answer), and what rejected drafts cost.
  double reasoning = 0, reason_s = 0, reason_j = 0, wasted_j = 0;
  double guard_s = 0, guard_j = 0;
  double guard_devices = 0;
  double idle_j = 0;   // of devices that wait for a request, where the rate is low
  double busy = 1;     // share of time that requests are in flight
  double saved_j = 0;  // what the cached share would have cost to read
  [[nodiscard]] double request_j() const { return prefill_j + decode_j + guard_j + idle_j; }
  [[nodiscard]] double request_s() const { return prefill_s + decode_s + guard_s; }
};

// Fails: usage; "plan.length" (a length or count that is negative, 0 or absurd), "plan.share" (a share that is
// not from 0 to 1); input; "hardware.unknown", "plan.encoder" (the model gives vectors: it has no tokens to
// predict), "plan.one_machine" (several of a CPU), "plan.unstable" (more requests a second than it can serve, with the most that it
// can).
// A plan that does not fit is costed all the same; memory says by how much.
[[nodiscard]] Result<Costed> cost(const Plan& plan, const ServingFit& fit);

// "memory.too_small", with what is missing and what would do; nothing where it fits.
[[nodiscard]] std::optional<Error> does_not_fit(const Costed& costed);

// A modelled energy or power of this plan, with its interval. `per`: "token", "request", "step".
[[nodiscard]] Quantity modelled(const Costed& costed, double value, std::string unit,
                                std::string per = {});

// Tokens that a step gives a sequence, mean: (1 - a^(k+1)) / (1 - a) for k drafts that are each accepted
// with chance a (Leviathan et al. 2023, arXiv 2211.17192, eq. 1); k + 1 where a is 1.
[[nodiscard]] double expected_tokens(double drafts, double acceptance);

// The context at the end of a request, which memory must hold.
[[nodiscard]] double full_context(const Plan& plan);

}  // namespace joulebook::serving
