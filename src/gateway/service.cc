#include "gateway/service.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/version.h"
#include "gateway/own_answer.h"
#include "gateway/request_view.h"
#include "gateway/wire/api.h"
#include "gateway/wire/fields.h"

namespace joulebook::gateway {
namespace {

constexpr std::string_view kRequests = "/joulebook/v1/requests/";
constexpr std::string_view kAnswers = "/joulebook/v1/answers/";

Metering::Own json_answer(int status, const Json& json) {
  Metering::Own own;
  own.status = status;
  own.content_type = "application/json";
  own.fields = "Cache-Control: no-store\r\n";
  own.body = json.dump(2) + "\n";
  return own;
}

// What is known of the meters of an upstream's machines.
void meter_of(UpstreamState& upstream, std::uint32_t index, const std::vector<HostNow>& hosts) {
  for (const auto& host : hosts) {
    const auto& held = host.upstreams;
    if (!held.empty() && std::find(held.begin(), held.end(), index) == held.end()) continue;
    if (host.metered) upstream.meters.push_back(host.name);
    if (!upstream.absence) upstream.absence = host.absence;
  }
}

Metering::Own unknown(const std::string& message) {
  return json_answer(404, Json::object({{"error", Json::object({{"code", "request.unknown"},
                                                                {"message", message},
                                                                {"cure", "see x-joulebook-request-id in the answer"}})}}));
}

}  // namespace

Service::Service(ServiceOptions options, Settler& settler, const LiveBooks& books, Tenants tenants,
                 const Clock& clock)
    : options_(std::move(options)),
      settler_(settler),
      books_(books),
      clock_(clock),
      started_(clock.anchor()),
      faces_([this] { return state(); }, options_.page, clock),
      tenants_(std::move(tenants)),
      pages_(options_.wire.upstreams.size()) {}

std::unique_ptr<Exchange> Service::begin(const RequestHead& head, SteadyTime at) {
  const auto api = api_of(head.method, head.target);
  if (!api) return nullptr;
  RequestBegin begin;
  begin.id = new_request_id(clock_.anchor().wall_ns);
  begin.route = route_of(head.target);
  begin.arrived = at;
  const TraceParent parent = trace_parent(field_of(head.fields, "traceparent"));
  begin.trace_id = parent.trace_id;
  begin.parent_span = parent.parent_span;
  {
    const std::lock_guard lock(mutex_);
    begin.tenant = tenants_.of(head);
  }
  return std::make_unique<MeteredExchange>(*api, ++newest_, std::move(begin), options_.wire, settler_);
}

std::optional<Metering::Own> Service::own(const RequestHead& head) {
  const std::string_view path = head.target.substr(0, head.target.find('?'));
  const bool reads = head.method == "GET" || head.method == "HEAD";
  if (reads && path.starts_with(kRequests)) return request(path.substr(kRequests.size()));
  if (reads && path.starts_with(kAnswers)) return answer(path.substr(kAnswers.size()));
  auto face = faces_.own(head);
  return face || ready_ ? face : not_ready();
}

void Service::unready(std::optional<Error> why, SteadyTime since) {
  const std::lock_guard lock(mutex_);
  unready_ = std::move(why);
  unready_since_ = since;
  ready_ = !unready_;
}

// Who has waited for so long may have to wait for as long again.
std::optional<Metering::Own> Service::not_ready() const {
  const std::lock_guard lock(mutex_);
  if (!unready_) return std::nullopt;
  Own own = error_answer(503, unready_->code.c_str(), unready_->message, unready_->cure.c_str(), "joulebook");
  const double waited = Seconds(clock_.now() - unready_since_).count();
  own.fields = "Retry-After: " + std::to_string(static_cast<int>(std::clamp(std::ceil(waited), 1.0, 30.0))) + "\r\n";
  return own;
}

Metering::Own Service::request(std::string_view id) const {
  const std::string wanted(id);
  const auto sought = settler_.seek(wanted);
  if (sought.later) return {.later = true};
  if (sought.request) return json_answer(200, shown(*sought.request, settler_.wall()));
  if (!options_.ledger.empty()) {
    if (const auto reader = open_serve_reader(options_.ledger)) {
      if (const auto stored = (*reader)->request(wanted); stored && stored->begin.id == wanted) {
        return json_answer(200, shown(*stored, settler_.wall()));
      }
    }
  }
  return unknown("no request of that id passed here");
}

Metering::Own Service::answer(std::string_view trace_id) const {
  if (!options_.ledger.empty()) {
    if (const auto reader = open_serve_reader(options_.ledger)) {
      const auto requests = (*reader)->answer(std::string(trace_id));
      if (requests && !requests->empty()) {
        return json_answer(200, answer_json(std::string(trace_id), *requests, settler_.wall()));
      }
    }
  }
  return unknown("no request of that trace passed here");
}

void Service::metrics_page(std::size_t upstream, bool found, double running, double waiting) {
  const std::lock_guard lock(mutex_);
  if (upstream < pages_.size()) pages_[upstream] = {found, running, waiting};
}

void Service::sensors(std::vector<SensorState> sensors) {
  const std::lock_guard lock(mutex_);
  sensors_ = std::move(sensors);
}

void Service::tenants(Tenants tenants) {
  const std::lock_guard lock(mutex_);
  tenants_ = std::move(tenants);
}

LiveState Service::state() const {
  LiveState state;
  state.version = std::string(build_version());
  state.started_wall_ns = started_.wall_ns;
  state.now_wall_ns = clock_.anchor().wall_ns;
  state.boundary = settler_.boundary();
  state.rule = settler_.rule();
  state.absences = options_.absences;
  books_.fill(state);
  const auto hosts = settler_.hosts();
  for (const auto& host : hosts) {
    if (host.absence && std::find(state.absences.begin(), state.absences.end(), *host.absence) == state.absences.end()) {
      state.absences.push_back(*host.absence);
    }
  }
  const SettlerCounts counts = settler_.counts();
  state.open = counts.open;
  state.pending = counts.pending;
  state.lost_rows = counts.lost_rows;
  const Backlog backlog = settler_.backlog();
  state.backlog_requests = backlog.requests;
  state.backlog_bytes = backlog.bytes;
  state.backlog_age_s = Seconds(backlog.age).count();
  state.sink_dropped = sink_dropped_;
  if (!counts.ledger_fault.empty()) {
    state.absences.push_back({"ledger.unwritten", counts.ledger_fault, "see where --ledger points"});
  }
  const std::lock_guard lock(mutex_);
  state.sensors = sensors_;
  if (edge_ == nullptr) return state;
  const EdgeCounts edge = edge_->counts();
  state.connections = edge.connections;
  for (std::size_t i = 0; i < edge.upstreams.size(); ++i) {
    const UpstreamCounts& u = edge.upstreams[i];
    UpstreamState upstream{u.name, u.reachable, u.requests, u.failures, static_cast<double>(u.running),
                           std::numeric_limits<double>::quiet_NaN(), false};
    if (i < pages_.size() && pages_[i].found) {
      upstream.metrics_page = true;
      upstream.running = pages_[i].running;
      upstream.waiting = pages_[i].waiting;
    }
    meter_of(upstream, static_cast<std::uint32_t>(i), hosts);
    state.upstreams.push_back(std::move(upstream));
  }
  return state;
}

}  // namespace joulebook::gateway
