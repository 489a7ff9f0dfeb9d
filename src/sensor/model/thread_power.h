#pragma once
// A machine's share of its server, by hardware threads: watts a thread at idle, and what a busy
// thread adds. The whole server on bare metal; in a guest, whose node is hidden, a share of the
// node that the CPU's name, or else its generation, suggests.
//
// Where the CPU's model is hidden ("AMD EPYC"), every make-up of the generation in the catalogue is
// a candidate, whole and with half its threads a chip; the interval is that of their equal mixture,
// so it spans the generation. Where the generation is hidden too, all servers since 2012 are.
#include <joulebook/quantity.h>

#include <string>
#include <vector>

#include "sensor/model/machine.h"
#include "sensor/model/power_regression.h"

namespace joulebook {

struct ThreadPower {
  double idle_w = 0;       // W a hardware thread, active idle, the node's idle shared by threads
  double active_w = 0;     // W that a busy hardware thread adds at full load
  Interval idle_factor;    // 95 % interval over idle_w
  Interval active_factor;  // likewise
  std::string rule;        // "this CPU's results", "zen4 servers", ...
  std::vector<std::string> relatives;  // published names the figures lean on, heaviest first
};

// REQUIRES: machine.threads > 0.
[[nodiscard]] ThreadPower thread_power(const MachineDescription& machine, double level);

}  // namespace joulebook
