#pragma once
// The sensors read as densely as they can be, while a load goes on and off on a known plan.
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/clock.h"
#include "meter/calibration/fits.h"
#include "meter/calibration/gpu_load.h"
#include "meter/calibration/load.h"
#include "sensor/sensor.h"

namespace joulebook {

// How long the load is on, or off.
struct LoadPiece {
  Nanos length{0};
  bool on = false;
};

// Square waves at periods that alias with a tick: 1/2, 2/3, 4/5, 6/5 and 4/3 of it, after the
// practice for gauges that see part of the time (arXiv 2312.02741); each goes on for a fifth of
// `length` and for whole periods, at least one. Empty where tick is not positive.
[[nodiscard]] std::vector<LoadPiece> aliasing_plan(Nanos tick, Nanos length);

struct DenseReadings {
  std::vector<std::vector<RawReading>> readings;  // by sensor; failed reads are left out
  std::vector<LoadEdge> edges;                    // as they really were
};

// Follows the plan. Between two reads of one sensor lies `spacing`, or four times what a read of it
// takes where that is more. GPUs (null: none) are under full load where the plan is on; their
// contexts are held. Ends early where `stop` says so; leaves the load at rest.
void read_densely(std::span<const std::unique_ptr<Sensor>> sensors, std::span<const LoadPiece> plan,
                  int busy, Nanos spacing, LoadGenerator& load, GpuLoad* gpus, Clock& clock,
                  const std::function<bool()>& stop, DenseReadings& out);

}  // namespace joulebook
