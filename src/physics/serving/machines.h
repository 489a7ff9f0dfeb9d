#pragma once
// What a step runs on, as the serving model sees it: a data sheet (physics/machine), and the kind
// whose fitted coefficients it takes.
#include <joulebook/result.h>

#include <optional>
#include <string>
#include <string_view>

#include "physics/machine/hardware.h"
#include "physics/serving/cpu_step.h"
#include "physics/serving/parameters.h"

namespace joulebook::serving {

inline constexpr std::string_view kHere = "here";  // names this machine where it was calibrated

struct Device {
  std::string name;
  Kind kind = Kind::h100;
  double bandwidth = 0;  // bytes/s, peak
  double rate16 = 0;     // FLOP/s, dense, 16-bit operands
  double rate8 = 0;      // FLOP/s, dense, 8-bit floats; rate16 where there is no faster path
  double power_limit = 0;  // W
  double memory = 0;       // bytes
  bool fitted = false;     // in the data; else coefficients are borrowed and intervals wider
  std::optional<CpuRates> cpu;  // of a CPU that was calibrated: then nothing is taken from the fit
};

// Fails: input, "hardware.sheet" where its 16-bit rate or its power limit is not known.
[[nodiscard]] Result<Device> serving_device(const physics::Hardware& hardware);

// Watts at rest with the model loaded.
[[nodiscard]] double idle_watts(const Device& device, const Parameters& parameters);

// By name as published rows, data sheets and nvidia-smi write it ("H100 80GB HBM3", "A100",
// "NVIDIA B200"). Fails: input, "hardware.unknown" with the nearest names; "hardware.sheet".
[[nodiscard]] Result<Device> find_device(std::string_view name);

}  // namespace joulebook::serving
