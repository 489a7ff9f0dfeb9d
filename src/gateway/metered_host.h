#pragma once
// A machine on which upstreams compute, and its meter: one a machine, joined by names, so that the
// domains of several stand side by side in one ledger. Pure.
#include <cstdint>
#include <string>
#include <vector>

#include "meter/meter.h"

namespace joulebook::gateway {

struct MeteredHost {
  Meter* meter = nullptr;  // outlives who is given it; null: there is none, and `missing` says why
  std::string name;        // what people know the meter by: "https://gpu-a:8901", "this machine"
  std::string label;       // its domains are "gpu:0@label"; empty: they keep their names
  std::vector<std::uint32_t> upstreams;  // whose work its energy holds; empty: of all of them
  Reason missing{"sensor.none", "there is no meter for the upstream's machine",
                 "run `joulebook sensors` there, or name one with --meter"};
  bool here = true;  // this machine's: the gateway itself runs on it

  [[nodiscard]] bool holds(std::uint32_t upstream) const;
};

// Whether any of them has a meter.
[[nodiscard]] bool any_meter(const std::vector<MeteredHost>& hosts);

// "gpu:0" on the machine "gpu-a" is "gpu:0@gpu-a": the kind stays before the first colon ("wall" becomes
// "wall:0@gpu-a"). An empty label changes nothing.
[[nodiscard]] std::string domain_at(const std::string& domain, const std::string& label);
// The same of all that a window names: domains, what they contain and mirror, and the shared parts of
// their errors, for a gain of one machine is none of another's.
void name_by(WindowEnergy& energy, const std::string& label);

// "gpu:0" of "gpu:0@gpu-a".
[[nodiscard]] std::string without_host(const std::string& domain);

}  // namespace joulebook::gateway
