#pragma once
// Whose meters hold the energy of what `serve` serves: those of agents on other machines, and this one's.
#include <joulebook/result.h>

#include <memory>
#include <vector>

#include "cli/context.h"
#include "gateway/metered_host.h"
#include "gateway/serve_options.h"
#include "gateway/upstream_address.h"
#include "meter/renewed_meter.h"

namespace joulebook {

// The meters of the machines that compute: those of agents, and this one's where an upstream runs here.
struct MetersHere {
  std::vector<std::unique_ptr<Meter>> meters;
  std::vector<gateway::MeteredHost> hosts;  // look into them; every upstream is held by one, or more
  RenewedMeter* own = nullptr;              // this machine's; null: nobody asked for it
};

// Where one agent is all that meters, it has to be there; of several one may come later. Errors: those of
// plan_meters, open_remote_meter and Context::open_meter; usage "serve.meter_twice" (two agents of one machine).
[[nodiscard]] Result<MetersHere> open_meters_for(const Context& context, const gateway::ServeOptions& options,
                                                 const std::vector<gateway::UpstreamPlace>& places);

// For `doctor`: whether the agents of joulebook.toml answer, and whom they meter. Asks each of them, five
// seconds at most; empty where the file names none.
[[nodiscard]] std::vector<Finding> meter_findings(const Context& context);

}  // namespace joulebook
