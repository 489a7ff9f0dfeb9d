#pragma once
// What `serve` needs before it can serve, and says in the end.
#include <joulebook/quantity.h>
#include <joulebook/result.h>

#include <memory>
#include <optional>
#include <vector>

#include "attribution/attributor.h"
#include "cli/context.h"
#include "export/live_state.h"
#include "gateway/edge.h"
#include "gateway/metered_host.h"
#include "gateway/serve_options.h"
#include "gateway/upstream_address.h"
#include "gateway/wire/identity.h"
#include "meter/meter.h"

namespace joulebook {

// The meters of the machines that compute: those of agents, and this one's where an upstream runs here.
struct MetersHere {
  std::vector<std::unique_ptr<Meter>> meters;
  std::vector<gateway::MeteredHost> hosts;  // look into them; every upstream is held by one, or more
  Meter* own = nullptr;                     // this machine's; null: it is not read
};

// Where one agent is all that meters, it has to be there; of several one may come later. Errors: those of
// plan_meters, open_remote_meter and Context::open_meter; usage "serve.meter_twice" (two agents of one machine).
[[nodiscard]] Result<MetersHere> open_meters_for(const Context& context, const gateway::ServeOptions& options,
                                                 const std::vector<gateway::UpstreamPlace>& places);

// For `doctor`: whether the agents of joulebook.toml answer, and whom they meter. Asks each of them, five
// seconds at most; empty where the file names none.
[[nodiscard]] std::vector<Finding> meter_findings(const Context& context);

// What the models of the upstreams are, each on the device of its upstream's host, for the weights of its work;
// nothing where nobody said. `upstreams`: their names. Errors: those of physics::read_shape and
// gateway::named_upstreams; usage "serve.shape" (two shapes without a name).
[[nodiscard]] Status tell_models(attribution::Options& out, const gateway::ServeOptions& options,
                                 const std::vector<gateway::MeteredHost>& hosts, const std::vector<std::string>& upstreams);

// The salt of tenants' hashes, kept beside the ledger. Errors: those of gateway::tenant_salt.
[[nodiscard]] Result<std::string> salt_of(const Settings& settings);
// [tenants] of a file, by the salt of the settings in force. Errors: those of salt_of and
// gateway::Tenants::from.
[[nodiscard]] Result<gateway::Tenants> tenants_of(const Settings& in_force, const TomlDocument& file);

// What the edge is told of them.
[[nodiscard]] gateway::EdgeOptions edge_options(const gateway::ServeOptions& options);

// What was metered, over all domains.
[[nodiscard]] Quantity total_of(const gateway::LiveState& state);

}  // namespace joulebook
