#include "cli/serve_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "core/nanos.h"
#include "core/reason.h"
#include "gateway/meter_plan.h"
#include "meter/device_choice.h"
#include "meter/remote_meter.h"
#include "physics/serving/machines.h"
#include "physics/serving/shapes.h"
#include "physics/shape/shape_source.h"
#include "sensor/containment.h"
#include "sensor/discover.h"

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

namespace {

Result<std::unique_ptr<RemoteMeter>> open_planned(const gw::PlannedMeter& planned, bool may_come_later) {
  RemoteMeterOptions remote;
  remote.url = planned.url;
  remote.ca_file = planned.ca;
  const char* token = std::getenv(planned.token_env.c_str());
  remote.token = token != nullptr ? token : "";
  remote.may_come_later = may_come_later;
  return open_remote_meter(std::move(remote), system_clock());
}

// Two agents of one machine read the same sensors: its energy would be there twice.
Status check_apart(const gw::MeterPlan& plan, const std::vector<RemoteMeter*>& meters) {
  for (std::size_t i = 0; i < meters.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      const std::string boot = meters[i]->boot_id();
      if (boot.empty() || boot != meters[k]->boot_id()) continue;
      return fail(ErrorKind::usage, "serve.meter_twice",
                  plan.meters[k].url + " and " + plan.meters[i].url + " are meters of the same machine",
                  "name one agent a machine; for several upstreams on it, once for each: --meter " +
                      plan.meters[k].url + "=UPSTREAM");
    }
  }
  return {};
}

// Domains that were named are metered whoever uses their devices; where devices were named, too, they must be
// among them: a domain that nothing covers would make every request void.
Result<Context> covering(const Context& context, const std::vector<std::string>& domains) {
  Context out = context;
  if (domains.empty()) return out;
  if (context.devices.empty()) {
    out.devices = domains;
    return out;
  }
  std::vector<SensorInfo> sensors;
  for (const auto& sensor : discover(context.files(), system_clock(), context.sensor_choice()).sensors) {
    sensors.push_back(sensor->info());
  }
  const auto wanted = devices_named(domains, sensors);
  if (!wanted) return fail(wanted.error());
  const auto covered = devices_named(context.devices, sensors);
  if (!covered) return fail(covered.error());
  for (const auto& device : *wanted) {
    if (std::find(covered->begin(), covered->end(), device) != covered->end()) continue;
    return fail(ErrorKind::usage, "serve.domains", "--domains asks for " + device + ", which --devices leaves out",
                "name it with --devices, too, or leave --devices out");
  }
  return out;
}

// The names that no sensor of the meter has, as domain or kind.
Status all_metered(const std::vector<std::string>& domains, const std::vector<SensorInfo>& sensors) {
  for (const auto& name : domains) {
    const bool any = std::any_of(sensors.begin(), sensors.end(), [&](const SensorInfo& info) {
      return info.domain == name || domain_kind(info.domain) == name;
    });
    if (any) continue;
    return fail(ErrorKind::usage, "serve.domains", "--domains names " + name + ", which no sensor of the meter reads",
                "`joulebook sensors` lists the domains; leave --domains out to divide all that the upstreams use");
  }
  return {};
}

Reason unmetered(std::string message) {
  return {"meter.elsewhere", std::move(message), "run `joulebook agent` there and name it with --meter"};
}

Status open_remote(MetersHere& out, const Context& context, const gw::MeterPlan& plan, bool alone) {
  std::vector<RemoteMeter*> opened;
  for (const auto& planned : plan.meters) {
    auto meter = open_planned(planned, !alone);
    if (!meter) return fail(meter.error());
    opened.push_back(meter->get());
    gw::MeteredHost host;
    host.meter = meter->get();
    host.name = planned.url;
    host.label = planned.label;
    host.upstreams = planned.upstreams;
    host.here = false;
    if (const auto away = (*meter)->away()) {
      host.missing = *away;
      context.warn(away->message + "; it is asked for again and again, and the others go on");
      context.say("  cure: " + away->cure);
    }
    out.hosts.push_back(std::move(host));
    out.meters.push_back(std::move(*meter));
  }
  return check_apart(plan, opened);
}

Status open_own(MetersHere& out, const Context& context, std::vector<std::uint32_t> upstreams,
                const std::vector<std::string>& domains) {
  const auto covers = covering(context, domains);
  if (!covers) return fail(covers.error());
  auto meter = covers->open_meter();
  if (!meter) return fail(meter.error());
  if (auto ok = all_metered(domains, (*meter)->sensors()); !ok && !(*meter)->sensors().empty()) return ok;
  gw::MeteredHost host;
  host.name = "this machine";
  host.upstreams = std::move(upstreams);
  if ((*meter)->sensors().empty()) {
    host.missing = Reason{"sensor.none", "no sensor can be read on this machine",
                          "see `joulebook doctor` for what is missing"};
  } else {
    host.meter = out.own = meter->get();
    out.meters.push_back(std::move(*meter));
  }
  out.hosts.push_back(std::move(host));
  return {};
}

}  // namespace

Result<MetersHere> open_meters_for(const Context& context, const gw::ServeOptions& options,
                                   const std::vector<gw::UpstreamPlace>& places) {
  auto plan = gw::plan_meters(options, places);
  if (!plan) return fail(plan.error());
  std::vector<std::uint32_t> here;
  std::vector<std::uint32_t> elsewhere;
  // Domains that are named without any meter are this machine's, whatever they stand for.
  const bool all_here = plan->meters.empty() && !options.domains.empty();
  for (const auto u : plan->rest) (all_here || places[u].here ? here : elsewhere).push_back(u);
  MetersHere out;
  // Beside other machines' meters a name may be a domain of theirs.
  const bool mixed = !plan->meters.empty();
  const bool alone = plan->meters.size() == 1 && here.empty();
  if (auto ok = open_remote(out, context, *plan, alone); !ok) return fail(ok.error());
  if (!here.empty()) {
    const auto& named = mixed ? std::vector<std::string>() : options.domains;
    if (auto ok = open_own(out, context, std::move(here), named); !ok) return fail(ok.error());
  }
  if (!elsewhere.empty()) {
    gw::MeteredHost none;
    none.name = "elsewhere";
    none.upstreams = std::move(elsewhere);
    none.missing = unmetered("the upstream runs on another machine, which has no meter here");
    out.hosts.push_back(std::move(none));
  }
  if (out.hosts.size() == 1) out.hosts[0].upstreams.clear();
  return out;
}

namespace {

Finding found(Finding::Level level, const std::string& subject, Reason reason) {
  return {level, subject, std::move(reason)};
}

Finding found(const std::string& subject, const Error& e) {
  return found(Finding::Level::problem, subject, reason_of(e));
}

Finding tried(const gw::PlannedMeter& planned, const std::vector<gw::UpstreamPlace>& places) {
  auto meter = open_planned(planned, false);
  if (!meter) return found("meter", meter.error());
  const double bound_ms = Seconds((*meter)->clock().bound).count() * 1e3;
  std::string whom;
  for (const auto u : planned.upstreams) whom += (whom.empty() ? "" : ", ") + places[u].name;
  std::string domains;
  for (const auto& sensor : (*meter)->sensors()) {
    domains += (domains.empty() ? "" : ", ") + gw::domain_at(sensor.domain, planned.label);
  }
  return found(Finding::Level::ok, "meter",
               {"meter.reads", fmt::format("{} meters {}: {}; its clock is known within {:.2g} ms", planned.url, whom, domains, bound_ms),
                {}});
}

}  // namespace

std::vector<Finding> meter_findings(const Context& context) {
  const auto options = gw::serve_options(context.settings.file());
  if (!options) return {found("serve", options.error())};
  if (options->meter.empty() && options->meters.empty()) return {};
  std::vector<gw::UpstreamPlace> places;
  for (const auto& url : options->upstreams) {
    auto place = gw::upstream_place(url);
    if (!place) return {found("serve", place.error())};
    places.push_back(std::move(*place));
  }
  const auto plan = gw::plan_meters(*options, places);
  if (!plan) return {found("serve", plan.error())};
  std::vector<Finding> out;
  for (const auto& planned : plan->meters) out.push_back(tried(planned, places));
  for (const auto u : plan->rest) {
    if (places[u].here) continue;
    out.push_back(found(Finding::Level::note, "meter",
                        unmetered(places[u].name + " has no meter")));
  }
  return out;
}

namespace {

Result<attribution::ServedModel> served_model(const std::string& name) {
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
  return model;
}

// "NAME=MODEL" in its two parts; a file's name may hold the sign.
std::pair<std::string, std::string> named_shape(const std::string& text) {
  const auto at = text.find('=');
  std::error_code none;
  if (at == text.npos || std::filesystem::exists(text, none)) return {{}, text};
  return {text.substr(0, at), text.substr(at + 1)};
}

Result<serving::Device> device_of(const std::vector<gw::MeteredHost>& hosts, std::uint32_t upstream) {
  auto device = serving::find_device("H100");
  for (const auto& host : hosts) {
    if (host.meter == nullptr || !host.holds(upstream)) continue;
    for (const auto& sensor : host.meter->sensors()) {
      if (!sensor.domain.starts_with("gpu")) continue;
      if (auto known = serving::find_device(sensor.name)) device = std::move(known);
    }
  }
  return device;
}

}  // namespace

Status tell_models(attribution::Options& out, const gw::ServeOptions& options, const std::vector<gw::MeteredHost>& hosts,
                   const std::vector<std::string>& upstreams) {
  auto routers = gw::named_upstreams(options.router, upstreams);
  if (!routers) return fail(routers.error());
  out.models.resize(upstreams.size());
  for (std::uint32_t u = 0; u < upstreams.size(); ++u) {
    if (std::find(routers->begin(), routers->end(), upstreams[u]) != routers->end()) out.routers.insert(u);
  }
  std::vector<std::string> shapes = options.shape;
  if (shapes.empty() && !options.model.empty()) shapes.push_back(options.model);
  bool for_all = false;
  for (const auto& text : shapes) {
    const auto [name, what] = named_shape(text);
    if (name.empty() && std::exchange(for_all, true)) {
      return fail(ErrorKind::usage, "serve.shape", "two shapes have no name: " + text + " is one of them",
                  "say which requests each is for: --shape NAME=" + text);
    }
    auto model = served_model(what);
    if (!model) return fail(model.error());
    for (std::uint32_t u = 0; u < upstreams.size(); ++u) {
      auto device = device_of(hosts, u);
      if (!device) return fail(device.error());
      model->work.device = std::move(*device);
      if (name.empty()) {
        out.models[u] = *model;
      } else {
        out.named.push_back({u, name, *model});
      }
    }
  }
  return {};
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
