#pragma once
// Intel GPUs through Level Zero's Sysman: the energy counter of the card (uJ), and those of its
// tiles, which the card's contains.
//
// Sensors: "ze:<pci>:energy" on "gpu:PCI-<pci>", "ze:<pci>:tile-N" on "gpu-tile:PCI-<pci>/N". Where
// a card has no domain of its own, the tiles stand alone and a finding says so.
//
// Factories: probe_level_zero (discover.h). A sensor is read by one thread.
#include <memory>
#include <optional>

#include "core/clock.h"
#include "sensor/gpu/level_zero_api.h"
#include "sensor/sensor.h"

namespace joulebook {

// The sensors of every card of a library, and what was found about them.
[[nodiscard]] Discovery probe_level_zero_library(std::shared_ptr<const ZeLibrary> library,
                                                 Clock& clock);

}  // namespace joulebook
