#pragma once
// A modelled node taken apart: CPU packages, memory, and the rest of the board with fans and the
// power supply's loss. What a node draws is known from hundreds of servers, how it divides from
// three, so the shares are wide and say so. docs/machine-model.md has the reckoning.
//
//   package = s_idle x idle + s_active x active      of the node's two parts
//   memory  = watts a gigabyte, at rest and under load
//   rest    = node - package - memory
//
// Shared parts: the node's own, each as far as it moves the piece, and "package_idle_share",
// "package_active_share", "memory_watts". Pure; thread-safe.
#include <joulebook/quantity.h>

#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "sensor/model/machine.h"

namespace joulebook {

struct NodeSplit {
  double idle_w = 0;          // W of the node (or this guest's share) at idle
  double package_idle = 0;    // share of that
  double package_active = 0;  // share of what busy threads add
  Interval package_idle_factor{1, 1};
  Interval package_active_factor{1, 1};
  double memory_idle_w = 0;  // W at rest
  double memory_active = 0;  // share of what busy threads add
  Interval memory_factor{1, 1};

  bool operator==(const NodeSplit&) const = default;
};

struct NodePart {
  std::string domain;  // "package:all", "dram:all", "rest:all"
  std::string name;
  Quantity energy;  // in the unit of the node's figure
};

// `idle_w`, `active_w`: W of the node at idle, and W that one busy thread adds. Of a machine whose
// memory is not known, the memory is part of the rest: its watts are 0.
[[nodiscard]] NodeSplit split_of(const MachineDescription& machine, double idle_w, double active_w);

// The pieces of a present figure of EnergyModel::machine over `duration`; they sum to it on best
// values. Empty for an absence.
[[nodiscard]] std::vector<NodePart> parts_of(const NodeSplit& split, const Quantity& node,
                                             Seconds duration);

[[nodiscard]] Json to_json(const NodeSplit& split);
// From a model's describe()["split"]; nothing where it has none.
[[nodiscard]] std::optional<NodeSplit> node_split_from_json(const Json& json);

}  // namespace joulebook
