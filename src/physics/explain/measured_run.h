#pragma once
// One measured answer, taken apart: weights, KV cache, compute, launch and the rest, prefill,
// static power; its floor; and what would save most. The machine is the CPU that `joulebook calibrate`
// found, or a device that was named: then its rates are the data sheet's times what the fit leaves of them.
//
// A token needs its bytes at the calibrated bandwidth and its FLOPs at the calibrated rate, overlapped
// as the serving model overlaps them (p-norm); what the measured step takes beyond that is launch and
// the rest. A step faster than that is scaled down: a cache gave more than the triad showed. Energies
// above static power follow the time, since a busy CPU draws about the same whatever it waits for:
// they sum to what was measured. Pure; thread-safe.
#include <joulebook/quantity.h>
#include <joulebook/result.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "physics/serving/cpu_step.h"
#include "physics/serving/fit_file.h"
#include "physics/serving/machines.h"
#include "physics/serving/shapes.h"

namespace joulebook::explain {

using serving::Rate;

struct RunMachine {
  std::string cpu;
  int threads = 0;
  Rate bandwidth;          // bytes
  Rate arithmetic;         // FLOPs or OPs, the fastest kind that was measured
  std::string arithmetic_kind;
  double cache_bytes = 0;  // last level, all; 0: unknown
  std::string measured_utc;
  std::optional<serving::Device> device;  // named, not calibrated: `cpu` is its name
  double devices = 1;                     // of it
};

struct MeasuredAnswer {
  std::string id, name, model;
  std::string cpu;  // of the machine that it ran on
  serving::Shape shape;
  double prompt = 0, cached = 0, output = 0;  // tokens, means
  double batch = 1;                           // sequences at a time that a step served, this one among them
  double prefill_s = 0, decode_s = 0;
  Quantity energy;           // J a response, gross
  double prefill_share = 0;  // of energy
  // Static power's share of the energy, or why it isn't told apart.
  std::optional<double> static_share;
  Reason static_reason;
};

struct CauseShare {
  std::string_view cause;  // "prefill", "weights", "kv", "compute", "rest", "static"
  double seconds = 0;      // of a response
  double joules = 0;
};

struct RunChange {
  std::string text;
  bool alters_answers = false;
  double factor = 1, lo = 1, hi = 1;  // on the energy of a response
};

struct RunExplanation {
  MeasuredAnswer answer;
  RunMachine machine;
  std::vector<CauseShare> causes;  // joules sum to the energy; seconds to prefill and decode
  double scale = 1;                // below 1: faster than the calibrated rates allow
  double floor_token_j = 0;        // bytes and FLOPs, static power apart
  double floor_j = 0;              // a response, prompt inside
  double best_floor_token_j = 0;   // at best_batch
  double best_batch = 1;
  bool weights_in_cache = false;
  std::vector<RunChange> changes;  // the three that save most, the best first
};
inline constexpr double kBestBatch = 64;  // on a CPU: the most sequences that the engine holds

// A named device. 1 device or more.
[[nodiscard]] RunMachine named_machine(const serving::Device& device, double devices,
                                       const serving::ServingFit& fit);

// Errors: input "explain.other_machine" (calibration and run name different CPUs), "explain.no_tokens";
// no_reading, the energy's own reason; negative "explain.below_floor".
[[nodiscard]] Result<RunExplanation> explain_run(const MeasuredAnswer& answer, const RunMachine& machine,
                                                 const serving::ServingFit& fit);

// Seconds of a step of `batch` sequences at the machine's rates, launch and the rest apart. `overlap`: the
// exponent of the p-norm.
[[nodiscard]] double step_seconds(const serving::Shape& shape, double context, const RunMachine& machine,
                                  double overlap, double batch = 1);

[[nodiscard]] std::string to_text(const RunExplanation& run);
// Schema "joulebook.run-explanation/1".
[[nodiscard]] Json to_json(const RunExplanation& run);
// Schema "joulebook.run-explanations/1".
[[nodiscard]] Json to_json(std::span<const RunExplanation> runs);

}  // namespace joulebook::explain
