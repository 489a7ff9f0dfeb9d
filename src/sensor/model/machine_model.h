#pragma once
// The model of a machine without sensors: joules from busy CPU time, by public measurements of
// servers with related CPUs. Tier modelled, boundary "node": wall power of the server, or of this
// guest's share of it by hardware threads, power supply and fans included, accelerators not.
//
//   machine   = idle_w x duration + active_w x busy
//   processes =                     active_w x busy
//
// Shared parts, each 95 % and each the same in every window of the machine:
//   idle_watts       watts at idle (leave-one-out residuals of the regression)
//   active_watts     watts that a busy thread adds at full load (likewise)
//   load_curve       the line from idle to full load is not straight (measured curves)
//   instruction_mix  the benchmark is Java; matrix products and memory-bound work differ
// docs/machine-model.md has the method, its check and its limits. Thread-safe: const throughout.
#include <joulebook/result.h>

#include <memory>
#include <optional>
#include <string>

#include "core/json.h"
#include "sensor/model/load_curve.h"
#include "sensor/model/machine.h"
#include "sensor/model/node_split.h"
#include "sensor/sensor.h"

namespace joulebook {

// Everything the model computes with. describe() and make_model carry it, bit for bit.
struct ModelParameters {
  std::string cpu;                 // as the system names it
  int threads = 0;                 // hardware threads seen here
  bool is_virtual = false;         // the node's other load is unknown
  double idle_w = 0;               // W of this machine (or its share) at idle
  double active_w = 0;             // W that one busy hardware thread adds
  Interval idle_watts{1, 1};       // factors on idle_w
  Interval active_watts{1, 1};     // factors on active_w
  Interval instruction_mix{1, 1};  // factors on active_w
  LoadFactors load_curve;          // factors on active_w
  double level = 0.95;
  double max_watts = 0;  // no plausible window draws more
  std::string boundary = "node";
  std::string method;
  std::optional<NodeSplit> split;  // into packages, memory and the rest; older traces have none

  bool operator==(const ModelParameters&) const = default;
};

// REQUIRES: machine.threads > 0.
[[nodiscard]] ModelParameters model_parameters(const MachineDescription& machine);

[[nodiscard]] std::unique_ptr<EnergyModel> make_model(ModelParameters parameters);
// From describe(): the same model, bit for bit. Null where members are missing or of a wrong kind.
[[nodiscard]] std::unique_ptr<EnergyModel> make_model(const Json& description);

[[nodiscard]] Json to_json(const ModelParameters& parameters);

}  // namespace joulebook
