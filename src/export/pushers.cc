#include "export/pushers.h"

#include <algorithm>
#include <thread>

#include "export/clickhouse.h"

namespace joulebook {
namespace {

Status check_address(const std::string& url) {
  if (url.empty()) return {};
  const auto scheme = url.find("://");
  const std::string kind = url.substr(0, scheme == url.npos ? 0 : scheme);
  if ((kind != "http" && kind != "https") || scheme + 3 >= url.size()) {
    return fail(ErrorKind::usage, "sink.address", "'" + url.substr(0, 200) + "' is no http(s) address",
                "write it as http://HOST:PORT");
  }
  const std::string host = url.substr(scheme + 3, url.find_first_of("/?#", scheme + 3) - scheme - 3);
  if (host.find('@') != host.npos) {
    return fail(ErrorKind::usage, "sink.credentials", "the address of a sink carries credentials",
                "put them into a header, from a file or the environment");
  }
  return {};
}

Status check_headers(const std::vector<std::string>& headers) {
  for (const auto& line : headers) {
    const auto colon = line.find(':');
    if (colon != line.npos && colon != 0 && line.find_first_of("\r\n") == line.npos) continue;
    // The line may hold a key: only its name is shown.
    return fail(ErrorKind::usage, "sink.header",
                "header '" + line.substr(0, std::min(line.find_first_of(":= \r\n"), std::size_t{40})) +
                    "' of a sink is not NAME: VALUE on one line",
                "write it as NAME: VALUE");
  }
  return {};
}

}  // namespace

Status check_targets(const PushTargets& targets) {
  for (const auto* url : {&targets.otlp, &targets.clickhouse}) {
    if (auto ok = check_address(*url); !ok) return ok;
  }
  for (const auto* headers : {&targets.otlp_headers, &targets.clickhouse_headers}) {
    if (auto ok = check_headers(*headers); !ok) return ok;
  }
  return {};
}

Pushers::Pushers(const PushTargets& targets, std::uint64_t seed, Transport& transport)
    : resource_(targets.resource) {
  const auto to = [&](std::string url, const std::vector<std::string>& headers) {
    return Transport::Target{std::move(url), headers, "", targets.ca_file};
  };
  if (!targets.otlp.empty()) {
    // A snapshot holds all that went before, so that a few are enough.
    SinkLimits few = targets.limits;
    few.most_rows = std::min<std::size_t>(few.most_rows, 360);
    few.batch_rows = 1;
    metrics_ = add("otlp metrics", to(otlp_url(targets.otlp, "/v1/metrics"), targets.otlp_headers),
                   otlp_metrics_frame(), few, seed, transport);
    if (targets.spans) {
      spans_ = add("otlp spans", to(otlp_url(targets.otlp, "/v1/traces"), targets.otlp_headers),
                   otlp_span_frame(resource_), targets.limits, seed + 1, transport);
    }
  }
  if (targets.clickhouse.empty()) return;
  const auto table = [&](const char* name) {
    return to(clickhouse_url(targets.clickhouse, targets.database, name), targets.clickhouse_headers);
  };
  requests_ = add("clickhouse requests", table("requests"), clickhouse_frame(), targets.limits,
                  seed + 2, transport);
  accounts_ = add("clickhouse accounts", table("accounts"), clickhouse_frame(), targets.limits,
                  seed + 3, transport);
}

Sink* Pushers::add(std::string name, Transport::Target target, SinkFrame frame,
                   const SinkLimits& limits, std::uint64_t seed, Transport& transport) {
  sinks_.push_back({std::move(name), std::make_unique<Sink>(std::move(target), std::move(frame),
                                                            limits, seed, transport)});
  return sinks_.back().sink.get();
}

void Pushers::settled(const gateway::RequestRow& row) {
  if (spans_ != nullptr) spans_->push(otlp_span(row));
  if (requests_ != nullptr) requests_->push(clickhouse_request(row));
}

void Pushers::live(const gateway::LiveState& state) {
  if (metrics_ != nullptr) metrics_->push(otlp_metrics(state, resource_));
  if (accounts_ == nullptr) return;
  for (auto& row : clickhouse_accounts(state)) accounts_->push(std::move(row));
}

std::vector<Pushers::Named> Pushers::counts() const {
  std::vector<Named> out;
  for (const auto& way : sinks_) out.push_back({way.name, way.sink->counts()});
  return out;
}

std::uint64_t Pushers::lost() const {
  std::uint64_t rows = 0;
  for (const auto& way : sinks_) {
    const SinkCounts counts = way.sink->counts();
    rows += counts.dropped + counts.refused;
  }
  return rows;
}

void Pushers::stop(Nanos within) {
  std::vector<std::thread> stoppers;
  for (auto& way : sinks_) stoppers.emplace_back([&way, within] { way.sink->stop(within); });
  for (auto& stopper : stoppers) stopper.join();
}

}  // namespace joulebook
