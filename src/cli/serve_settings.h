#pragma once
// What `serve` takes from its settings: who its tenants are, and what its edge is told.
#include <joulebook/result.h>

#include <string>

#include "cli/settings.h"
#include "core/toml.h"
#include "gateway/edge.h"
#include "gateway/serve_options.h"
#include "gateway/wire/identity.h"

namespace joulebook {

// The salt of tenants' hashes, kept beside the ledger. Errors: those of gateway::tenant_salt.
[[nodiscard]] Result<std::string> salt_of(const Settings& settings);
// [tenants] of a file, by the salt of the settings in force. Errors: those of salt_of and
// gateway::Tenants::from.
[[nodiscard]] Result<gateway::Tenants> tenants_of(const Settings& in_force, const TomlDocument& file);

[[nodiscard]] gateway::EdgeOptions edge_options(const gateway::ServeOptions& options);

}  // namespace joulebook
