#include "cli/serve_parts.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "core/nanos.h"
#include "meter/remote_meter.h"
#include "physics/serving/machines.h"
#include "physics/serving/shapes.h"
#include "physics/shape/shape_source.h"

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

Result<MeterHere> open_meter_for(const Context& context, const gw::ServeOptions& options,
                                 const std::vector<gw::UpstreamPlace>& places) {
  MeterHere out;
  if (!options.meter.empty()) {
    RemoteMeterOptions remote;
    remote.url = options.meter;
    remote.ca_file = options.meter_ca;
    const char* token = std::getenv("JOULEBOOK_METER_TOKEN");
    remote.token = token != nullptr ? token : "";
    auto meter = open_remote_meter(std::move(remote), system_clock());
    if (!meter) return fail(meter.error());
    out.meter = std::move(*meter);
    out.remote = true;
    return out;
  }
  const bool elsewhere = std::none_of(places.begin(), places.end(),
                                      [](const gw::UpstreamPlace& p) { return p.here; });
  if (elsewhere && options.domains.empty()) {
    out.missing = Reason{"meter.elsewhere", "the upstream runs on another machine, which has no meter here",
                         "run `joulebook agent` there and name it with --meter"};
    return out;
  }
  auto meter = context.open_meter();
  if (!meter) return fail(meter.error());
  if ((*meter)->sensors().empty()) {
    out.missing = Reason{"sensor.none", "no sensor can be read on this machine",
                         "see `joulebook doctor` for what is missing"};
    return out;
  }
  out.meter = std::move(*meter);
  return out;
}

// What the model is, for the weights of its work; nothing where nobody said.
Result<std::optional<attribution::ServedModel>> served_model(const gw::ServeOptions& options,
                                                             const std::vector<SensorInfo>& sensors) {
  const std::string& name = options.shape.empty() ? options.model : options.shape;
  if (name.empty()) return std::optional<attribution::ServedModel>();
  auto shape = physics::read_shape(name);
  if (!shape) return fail(shape.error());
  attribution::ServedModel model;
  model.name = shape->name;
  model.work.shape = serving::serving_shape(*shape);
  model.work.weight_bytes = model.work.shape.stored.dense;
  model.work.expert_bytes = model.work.shape.stored.expert;
  model.work.head_bytes = model.work.shape.stored.head;
  model.work.embedding_bytes = model.work.shape.stored.embedding;
  model.work.kv_scale = model.work.shape.stored.kv / 2;
  model.work.weights = model.work.weight_bytes < 0.8   ? serving::Weights::fp4
                       : model.work.weight_bytes < 1.6 ? serving::Weights::fp8
                                                       : serving::Weights::bits16;
  auto device = serving::find_device("H100");
  for (const auto& sensor : sensors) {
    if (!sensor.domain.starts_with("gpu")) continue;
    if (auto known = serving::find_device(sensor.name)) device = std::move(known);
  }
  if (!device) return fail(device.error());
  model.work.device = *device;
  return std::optional(std::move(model));
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

// What was metered, over all domains.
Quantity total_of(const gw::LiveState& state) {
  if (state.domains.empty()) {
    return Quantity::absent("J", state.absences.empty()
                                     ? Reason{"window.none", "nothing was settled", "serve longer"}
                                     : state.absences.front());
  }
  Quantity total = Quantity::exact(0, "J");
  total.own = {0, 0};
  total.level = 1;
  for (const auto& domain : state.domains) {
    total.value = *total.value + to_joules(domain.meter).value();
    total.own = {total.own.lo + domain.within.lo, total.own.hi + domain.within.hi};
    total.level = std::min(total.level, domain.level);
    total.tier = weakest(total.tier, domain.tier);
  }
  total.boundary = state.boundary;
  total.method = "sum of the settled windows";
  return total;
}

}  // namespace joulebook
