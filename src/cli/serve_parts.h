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
#include "gateway/serve_options.h"
#include "gateway/upstream_address.h"
#include "gateway/wire/identity.h"
#include "meter/meter.h"

namespace joulebook {

// The meter of the machine that computes: this one's, or that of an agent; or why there is none.
struct MeterHere {
  std::unique_ptr<Meter> meter;
  std::optional<Reason> missing;
  bool remote = false;
};

// Errors: those of open_remote_meter and Context::open_meter.
[[nodiscard]] Result<MeterHere> open_meter_for(const Context& context,
                                               const gateway::ServeOptions& options,
                                               const std::vector<gateway::UpstreamPlace>& places);

// What the model is, for the weights of its work; nothing where nobody said. Errors: those of
// physics::read_shape.
[[nodiscard]] Result<std::optional<attribution::ServedModel>> served_model(
    const gateway::ServeOptions& options, const std::vector<SensorInfo>& sensors);

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
