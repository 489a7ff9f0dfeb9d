#pragma once
// What a load test is asked to do. Plain values.
#include <joulebook/units.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/nanos.h"
#include "load/arrivals.h"

namespace joulebook::load {

inline constexpr SteadyTime kNever{std::numeric_limits<std::int64_t>::max()};

// What a request must keep to be a good one, in seconds; unset: not asked for. `itl` bounds the
// longest gap between two pieces, `tpot` the mean time per output token after the first.
struct Slo {
  std::optional<double> ttft;
  std::optional<double> tpot;
  std::optional<double> itl;
  std::optional<double> e2e;

  [[nodiscard]] bool any() const { return ttft || tpot || itl || e2e; }
};

// One request of a trace: when it is sent, and how long it is.
struct TraceEntry {
  double at_s = 0;                 // from the trace's start
  std::int64_t input_tokens = 0;   // > 0
  std::int64_t output_tokens = 0;  // > 0
};

// The three ways to end: after so many requests, after so long, or (both 0) once it is steady.
struct LoadPlan {
  int concurrency = 1;  // closed loop: so many in flight; open loop or trace: at most so many
  double rate = 0;      // > 0: open loop, requests a second
  Arrivals arrivals = Arrivals::poisson;
  double burstiness = 1;          // gamma's shape
  std::vector<TraceEntry> trace;  // not empty: these, at their times
  double ramp_s = 0;              // the rate climbs from 0, the concurrency from 1

  std::int64_t warmup_requests = 0;  // before anything counts; both must be over, and the ramp
  double warmup_s = 0;
  std::int64_t requests = 0;  // measured ones
  double duration_s = 0;      // of the measured span
  double window_s = 5;        // of a steady-state window
  int max_windows = 12;       // after so many it is not steady
  int least_per_window = 10;  // answers that a window must hold to say anything
  double tolerance = 0.1;     // windows agree where the largest is within this of the smallest
  double drain_s = 60;        // patience for requests in flight at the end

  Slo slo;
  std::uint64_t seed = 1;

  [[nodiscard]] bool open() const { return rate > 0; }
  [[nodiscard]] bool replays() const { return !trace.empty(); }
  [[nodiscard]] bool counts() const { return requests > 0 || replays(); }
  [[nodiscard]] bool until_steady() const { return !counts() && duration_s <= 0; }
};

}  // namespace joulebook::load
