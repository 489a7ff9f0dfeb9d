#pragma once
// A step of a CPU whose rates were measured (`joulebook calibrate`): its bytes at the bandwidth, its
// FLOPs at the fastest arithmetic, overlapped as on GPUs (p-norm). What an engine needs beyond that is
// the launch of its kernels and what they lose: kEngine, llama.cpp against these rates. A busy CPU draws
// about the same whatever it waits for: joules are seconds times the watts that the calibration saw
// under the one load and the other. Plain values, pure functions; thread-safe.
#include <string>

#include "physics/serving/shapes.h"

namespace joulebook::serving {

struct Workload;
struct Prediction;
struct Factors;

struct Rate {
  double value = 0, lo = 0, hi = 0;
};

struct CpuRates {
  int threads = 0;
  Rate bandwidth;           // bytes/s
  Rate arithmetic;          // FLOPs or OPs a second, the fastest kind that was measured
  Rate memory_w;            // W while memory is read
  Rate arithmetic_w;        // W while it computes
  Rate idle_w;              // W at rest, at most the others; 0: unknown, and static power stays in them
  double cache_bytes = 0;   // last level, all; 0: unknown
  double overlap = 1;       // exponent of the p-norm
  std::string boundary;     // of the watts
  std::string measured_utc;
};

// Times of llama.cpp over the roofline's: the middle and 80 % of the 21 made-up shapes of
// docs/evidence/shape-study-2026-11-26.md (F16 to Q2_K, dense and experts, MHA, GQA and MLA, 1 and 8
// sequences, on one CPU that did other work).
struct EngineLoss {
  Rate prompt{1.27, 0.92, 2.25};
  Rate step{2.6, 1.7, 3.7};
};
inline constexpr EngineLoss kEngine{};

// What a step needs: weights once for all of its sequences, the rest for one.
struct TokenWork {
  double weight_bytes = 0, kv_bytes = 0, flops = 0;
};
[[nodiscard]] TokenWork token_work(const Shape& shape, const StoredBytes& stored, double context,
                                   double sequences = 1);

// Seconds of a step of `batch` sequences as its bytes and FLOPs alone would have it.
struct Roofline {
  double seconds = 0, weights = 0, kv = 0, compute = 0;  // the last three sum to the first
};
// REQUIRES: weight_bytes and both rates above 0, overlap at least 1.
[[nodiscard]] Roofline roofline(const TokenWork& work, double batch, double bandwidth, double rate,
                                double overlap);

// REQUIRES: work.device.cpu.
[[nodiscard]] Prediction predict_on_cpu(const Workload& work);

// Between them lies J/token at 80 %: rates, engine and watts each at their ends, in quadrature.
[[nodiscard]] Factors cpu_factors(const Workload& work);

}  // namespace joulebook::serving
