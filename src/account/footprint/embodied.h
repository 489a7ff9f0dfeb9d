#pragma once
// The making of hardware, by the share of its life that was used: what a device took to make, times used
// time, over lifetime x utilisation. (LCA by time, as SCI's M = TE x TS x RS: ISO/IEC 21031:2024.)
// Pure; thread-safe.
#include <joulebook/quantity.h>
#include <joulebook/result.h>

#include <optional>
#include <string>
#include <vector>

#include "account/footprint/reckon.h"

namespace joulebook::account {

struct HardwareUse {
  std::string device;              // "H100", "A100"; with `making` any name
  double devices = 1;
  Quantity time;                   // s that the devices were taken up; `per` as the energy's
  std::optional<Factor> making;    // kgCO2e a device, of one's own, server share inside
  std::optional<Factor> lifetime;  // s; empty: 3 to 5 years
  std::optional<Factor> utilisation;  // share of its life that it works; empty: 0.25 to 1
};

struct Embodied {
  Quantity carbon;    // kgCO2e
  Quantity antimony;  // kgSbe; an absence where no source has the device
  Quantity primary;   // J
  Quantity water;     // m3: no source has it
  std::vector<Factor> constants;
};

// Devices that no source knows give absences ("embodied.unknown"). Errors: input "embodied.devices" (not
// above 0), "embodied.utilisation" (not above 0 and at most 1), "embodied.lifetime" (0).
[[nodiscard]] Result<Embodied> embodied(const HardwareUse& use);
// All four absent, for one reason.
[[nodiscard]] Embodied no_embodied(const Reason& reason);

}  // namespace joulebook::account
