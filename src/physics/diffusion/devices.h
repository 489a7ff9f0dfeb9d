#pragma once
// A data sheet (physics/machine) as the diffusion model sees it, and the generation whose fitted
// shares of peak it takes.
#include <joulebook/result.h>

#include <string>
#include <string_view>

#include "physics/diffusion/parameters.h"

namespace joulebook::diffusion {

struct Device {
  std::string name;
  Generation generation = Generation::ampere;
  bool measured = false;  // whether that very card is in the fit
  double peak = 0;        // FLOP/s, 16 bit, dense
  double peak32 = 0;      // FLOP/s, 32 bit without tensor cores; 0: not known
  double bandwidth = 0;   // B/s
  double tdp = 0;         // W
  double link = 0;        // B/s to other devices, one way
};

// Errors: input "hardware.unknown" with the nearest names; "hardware.sheet" where its 16-bit rate,
// power limit or link is not known.
[[nodiscard]] Result<Device> find_device(std::string_view name);

}  // namespace joulebook::diffusion
