#pragma once
// AMD's own drivers that show processor energy as hwmon files.
//
// amd_energy (Linux 5.8 to 5.12, and out of tree): energyN_input in microjoules, 64 bits that the
// driver extends, labelled EsocketK and EcoreNNN. EsocketK is read on NUMA node K, so with several
// nodes a socket the same register appears several times: the first counts, the others are said.
// Ecore counters lie inside the socket's and are added up for each package, never taken alone.
//
// amd_hsmp (hwmon from Linux 6.16): power1_input in microwatts, one chip a socket, in the order of
// the chips: a gauge that the system management unit answers.
#include "core/clock.h"
#include "core/file_tree.h"
#include "sensor/sensor.h"

namespace joulebook {

// REQUIRES: the clock outlives the sensors.
[[nodiscard]] Discovery probe_amd_hwmon(const FileTree& files, Clock& clock);

}  // namespace joulebook
