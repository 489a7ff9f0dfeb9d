#include "cli/serve_meters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "cli/lasting_meter.h"
#include "core/nanos.h"
#include "core/reason.h"
#include "gateway/meter_plan.h"
#include "meter/device_choice.h"
#include "meter/remote_meter.h"
#include "sensor/containment.h"
#include "sensor/discover.h"

namespace joulebook {

namespace gw = gateway;

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
      context.warn(away->message + "; it is asked for again and again, and the others go on", away->cure);
    }
    out.hosts.push_back(std::move(host));
    out.meters.push_back(std::move(*meter));
  }
  return check_apart(plan, opened);
}

Status open_own(MetersHere& out, const Context& context, std::vector<std::uint32_t> upstreams,
                const std::vector<std::string>& domains, Nanos window) {
  const auto covers = covering(context, domains);
  if (!covers) return fail(covers.error());
  auto meter = open_lasting_meter(*covers, window);
  if (!meter) return fail(meter.error());
  if (auto ok = all_metered(domains, (*meter)->sensors()); !ok && !(*meter)->sensors().empty()) return ok;
  gw::MeteredHost host;
  host.name = "this machine";
  host.upstreams = std::move(upstreams);
  host.meter = out.own = meter->get();
  host.missing = Renewal{}.none;
  if ((*meter)->sensors().empty()) {
    context.warn("no energy: " + host.missing.message + "; it is looked for again each minute, and at SIGHUP", host.missing.cure);
  }
  out.meters.push_back(std::move(*meter));
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
    if (auto ok = open_own(out, context, std::move(here), named, nanos(options.window_s)); !ok) return fail(ok.error());
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
  const auto places = gw::upstream_places(options->upstreams);
  if (!places) return {found("serve", places.error())};
  const auto plan = gw::plan_meters(*options, *places);
  if (!plan) return {found("serve", plan.error())};
  std::vector<Finding> out;
  for (const auto& planned : plan->meters) out.push_back(tried(planned, *places));
  for (const auto u : plan->rest) {
    if ((*places)[u].here) continue;
    out.push_back(found(Finding::Level::note, "meter",
                        unmetered((*places)[u].name + " has no meter")));
  }
  return out;
}

}  // namespace joulebook
