#include "cli/serve_settings.h"

#include <filesystem>
#include <utility>

#include "core/nanos.h"

namespace joulebook {

namespace gw = gateway;

Result<std::string> salt_of(const Settings& settings) {
  const auto folder = std::filesystem::path(settings.get("ledger")).parent_path();
  return gw::tenant_salt((folder / "tenant-salt").string());
}

Result<gw::Tenants> tenants_of(const Settings& in_force, const TomlDocument& file) {
  auto salt = salt_of(in_force);
  if (!salt) return fail(salt.error());
  return gw::Tenants::from(file, std::move(*salt));
}

gw::EdgeOptions edge_options(const gw::ServeOptions& options) {
  gw::EdgeOptions edge;
  edge.listen = options.listen;
  edge.open_to_network = options.open_to_network;
  edge.tls_cert = options.tls_cert;
  edge.tls_key = options.tls_key;
  edge.upstreams = options.upstreams;
  edge.upstream_ca = options.upstream_ca;
  edge.kept_body = static_cast<std::size_t>(options.body_mib * 1048576);
  edge.connections = static_cast<std::size_t>(options.connections);
  edge.head_patience = nanos(options.head_s);
  edge.idle_patience = nanos(options.idle_s);
  edge.body_patience = nanos(options.body_s);
  edge.body_rate = options.body_rate;
  edge.connect_patience = nanos(options.connect_s);
  edge.silent_patience = nanos(options.silent_s);
  edge.write_patience = nanos(options.write_s);
  return edge;
}

}  // namespace joulebook
