#pragma once
// What the meter says about one window [begin, end) of steady time. Plain values.
#include <joulebook/quantity.h>
#include <joulebook/units.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace joulebook {

struct Window {
  std::string name;
  SteadyTime begin;
  SteadyTime end;

  [[nodiscard]] Seconds duration() const { return end - begin; }
};

// Another sensor of the same energy, and this one's energy divided by its: 1 where they agree. An
// absence where either has none.
struct CrossCheck {
  std::string with;  // the other sensor's id
  Quantity ratio;
};

// The energy of one domain in one window.
struct DomainEnergy {
  std::string domain;  // "package:0"
  std::string device;  // "cpu"
  std::string name;
  std::string sensor;
  Quantity energy;      // J
  Quantity mean_power;  // W
  Quantity peak_power;  // W: highest mean over any two neighbouring updates; or an absence
  Quantity above_idle;  // J above idle, or an absence
  std::vector<std::string> contains;
  std::vector<std::string> mirrors;
  std::vector<std::string> may_contain;
  bool top_level = false;  // counted in the total
  // Best energy from rounded edges: exactly additive over windows that tile. Empty where absent.
  std::optional<MicroJoules> settled;
  std::optional<CrossCheck> crosscheck;  // where it mirrors a domain that is present
};

// The readings up to the window's end: a chain of hashes over all of them, in the order of each
// sensor. One altered reading alters it, whether or not a figure depends on that reading.
struct ReadingsDigest {
  std::uint64_t count = 0;
  std::uint64_t chain = 0;
};

// CPU time spent in the window, for apportioning (seconds). Negative: unknown.
struct CpuShare {
  double capacity = -1;  // hardware threads x duration
  double machine = -1;   // busy, all processes
  double tree = -1;      // the measured process tree
  double self = -1;      // Joulebook's own threads (sampler, ledger, display), engine threads not
};

// A device that the total leaves out, with the sum of its own top-level domains.
struct DeviceEnergy {
  std::string device;
  std::string name;
  std::vector<std::string> domains;
  Quantity energy;  // J
};

struct DeviceChoice;

struct WindowEnergy {
  Window window;
  std::vector<DomainEnergy> domains;  // every domain covered, nested and mirrored ones too
  Quantity total;                     // J over the top-level domains
  Quantity above_idle;                // J of it above idle, or an absence (idle_floor.h)
  Quantity self;                      // J apportioned to Joulebook itself by CPU time, or absent
  Quantity tree;                      // J apportioned or modelled for the measured process tree
  CpuShare cpu;
  ReadingsDigest readings;
  std::vector<std::string> devices;            // devices covered by the total
  std::vector<DeviceEnergy> devices_apart;     // and those that are not
  std::shared_ptr<const DeviceChoice> choice;  // why (device_choice.h); null: not known
  std::map<std::string, Quantity> idle;  // J at rest by domain: modelled, calibrated, or absent
  std::vector<std::string> warnings;
};

// A point of a power trace: mean power over [begin, end).
struct PowerPoint {
  SteadyTime begin;
  SteadyTime end;
  Watts power;
};

}  // namespace joulebook
