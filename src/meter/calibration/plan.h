#pragma once
// What a calibration does when, and how long it takes. Pure.
#include <span>
#include <string>
#include <vector>

#include "meter/calibration/square_wave.h"

namespace joulebook {

// Together at most 60 s with what settling takes, also where a GPU is there; where quick 15 s, 20 s with a GPU (whose
// sensors tick ten times a second, so that a shorter level would be within its own edges).
struct CalibrationTimes {
  Nanos look{0};   // a first look at the ticks
  Nanos waves{0};  // square waves, all groups of ticks together
  Nanos steps{0};  // on for half of it, off for the other half, twice
  Nanos calm{0};   // left out after a load ended
  Nanos rest{0};   // of each of the two rests
  Nanos slice{0};  // of a rest
  Nanos warm{0};   // left out after a load began
  Nanos level{0};  // of the response
  Nanos work_slice{0};
  int work_slices = 0;
  Nanos gpu_warm{0};   // left out after a GPU's load began
  Nanos gpu_level{0};  // of a GPU's context at rest, of each of its response's levels and kinds of work

  [[nodiscard]] static CalibrationTimes of(bool quick);
};

// A load that goes on and off on no sensor's beat, so that every update shows something new.
[[nodiscard]] std::vector<LoadPiece> steady_plan(Nanos length);
[[nodiscard]] std::vector<LoadPiece> step_plan(Nanos length);

// The different ticks of the gauges of `loaded` devices, as just seen, else nominal; ticks within a tenth of each
// other are one. At most three.
[[nodiscard]] std::vector<Nanos> gauge_ticks(std::span<const SensorInfo> infos,
                                             const DenseReadings& dense,
                                             std::span<const std::string> loaded);

// 1, a quarter, half, three quarters and all of the threads; of multiprocessors a third, two thirds
// and all.
[[nodiscard]] std::vector<int> response_levels(int threads);
[[nodiscard]] std::vector<int> gpu_levels(int multiprocessors);

}  // namespace joulebook
