#pragma once
// All that a gateway pushes: OTLP metrics and spans, ClickHouse rows. Each way out is a sink with a
// bounded queue and a thread of its own (sink.h), so that none waits for another and none holds up
// the traffic.
#include <joulebook/result.h>

#include <memory>
#include <string>
#include <vector>

#include "export/live_state.h"
#include "export/otlp.h"
#include "export/request_row.h"
#include "export/sink.h"

namespace joulebook {

struct PushTargets {
  std::string otlp;  // "http://127.0.0.1:4318"; empty: none
  bool spans = false;
  std::string clickhouse;  // "http://127.0.0.1:8123"; empty: none
  std::string database = "joulebook";
  // Credentials, never in an address: they go into headers and nowhere else.
  std::vector<std::string> otlp_headers;        // "Authorization: Bearer ..."
  std::vector<std::string> clickhouse_headers;  // "X-ClickHouse-User: ...", "X-ClickHouse-Key: ..."
  std::string ca_file;
  OtlpResource resource;
  SinkLimits limits;
};

// Usage errors: an address that is none ("sink.address"), or that carries credentials
// ("sink.credentials"); a header without a colon or with a line end ("sink.header").
[[nodiscard]] Status check_targets(const PushTargets& targets);

// Thread-safe.
class Pushers {
 public:
  // REQUIRES: check_targets() had nothing to say. `transport` must outlive it.
  Pushers(const PushTargets& targets, std::uint64_t seed, Transport& transport);

  [[nodiscard]] bool any() const { return !sinks_.empty(); }
  void settled(const gateway::RequestRow& row);
  // A snapshot, as often as metrics are wanted (every ten seconds or so).
  void live(const gateway::LiveState& state);

  struct Named {
    std::string name;  // "otlp metrics", "otlp spans", "clickhouse requests", "clickhouse accounts"
    SinkCounts counts;
  };
  [[nodiscard]] std::vector<Named> counts() const;
  // Rows that were let go or refused, over all sinks: LiveState::sink_dropped.
  [[nodiscard]] std::uint64_t lost() const;
  // Sends what waits, all sinks side by side, in `within` at most.
  void stop(Nanos within);

 private:
  struct Way {
    std::string name;
    std::unique_ptr<Sink> sink;
  };
  Sink* add(std::string name, Transport::Target target, SinkFrame frame, const SinkLimits& limits,
            std::uint64_t seed, Transport& transport);

  OtlpResource resource_;
  std::vector<Way> sinks_;
  Sink* metrics_ = nullptr;
  Sink* spans_ = nullptr;
  Sink* requests_ = nullptr;
  Sink* accounts_ = nullptr;
};

}  // namespace joulebook
