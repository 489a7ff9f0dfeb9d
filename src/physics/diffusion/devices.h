#pragma once
// The accelerators that the diffusion model knows, from data sheets.
#include <joulebook/result.h>

#include <string_view>

#include "physics/diffusion/parameters.h"

namespace joulebook::diffusion {

struct Device {
  std::string_view name;       // as shown
  std::string_view match;      // lower case, blanks and dashes left out; the first that fits wins
  Generation generation;       // whose fitted shares of peak are used
  bool measured;               // whether that very card is in the fit
  double peak;                 // FLOP/s, 16 bit, dense
  double peak32;               // FLOP/s, 32 bit without tensor cores
  double bandwidth;            // B/s
  double tdp;                  // W
  double link;                 // B/s to other devices, one way
};

// Error: input "gpu.unknown" with the nearest names.
[[nodiscard]] Result<Device> find_device(std::string_view name);

}  // namespace joulebook::diffusion
