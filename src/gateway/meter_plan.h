#pragma once
// Which meter holds the energy of which upstream: one `joulebook agent` a machine, paired with the
// upstreams that compute there. Pure.
#include <joulebook/result.h>

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/serve_options.h"
#include "gateway/upstream_address.h"

namespace joulebook::gateway {

struct PlannedMeter {
  std::string url;    // as given, without a slash at its end
  std::string label;  // what its domains are named by: its host, with the port (and the path) where meters share one; empty: alone
  std::vector<std::uint32_t> upstreams;  // at least one, rising
  std::string token_env = "JOULEBOOK_METER_TOKEN";  // the variable that holds its token
  std::string ca;  // PEM of who may sign its certificate; empty: the system's
};

struct MeterPlan {
  std::vector<PlannedMeter> meters;
  std::vector<std::uint32_t> rest;  // upstreams that no meter was named for, rising
};

// From --meter (URL, or URL=UPSTREAM) and the [[meter]] tables, by their address; where --meter is given only
// the meters that it names count. One for which no upstream is named meters those on its own host (all names
// of loopback are one host); where none is there, and it is the only such meter, those that are left,
// provided that they are on one host.
// Errors: usage "serve.meter" (no address), "serve.no_upstream", "serve.meter_pairing" (which upstream it
// meters is not clear; the cure says how to say so), "serve.meter_twice" (two are one address).
[[nodiscard]] Result<MeterPlan> plan_meters(const ServeOptions& options, const std::vector<UpstreamPlace>& places);

}  // namespace joulebook::gateway
