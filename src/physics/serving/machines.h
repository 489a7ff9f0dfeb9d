#pragma once
// What a step runs on, as the serving model sees it: a device's data sheet, and the kind whose
// fitted coefficients it takes.
#include <joulebook/result.h>

#include <span>
#include <string>
#include <string_view>

#include "physics/serving/parameters.h"

namespace joulebook::serving {

struct Device {
  std::string name;
  Kind kind = Kind::h100;
  double bandwidth = 0;  // bytes/s, peak
  double rate16 = 0;     // FLOP/s, dense, 16-bit operands
  double rate8 = 0;      // FLOP/s, dense, 8-bit floats; rate16 where there is no faster path
  double power_limit = 0;  // W
  double memory = 0;       // bytes
  bool fitted = false;     // in the data; else coefficients are borrowed and intervals wider
};

// By name as published rows, data sheets and nvidia-smi write it ("H100 80GB HBM3", "A100",
// "NVIDIA B200"). Fails: input, "gpu.unknown" with the nearest names.
[[nodiscard]] Result<Device> find_device(std::string_view name);
[[nodiscard]] std::span<const Device> all_devices();

}  // namespace joulebook::serving
