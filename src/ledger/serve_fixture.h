#pragma once
// Traffic for tests of what a gateway writes: requests that overlap, windows that tile.
#include "fakes/kill_vfs.h"
#include "ledger/serve_writer.h"
#include "ledger/test_ledger.h"

namespace joulebook {

constexpr std::int64_t kSecond = 1'000'000'000;

inline std::string fmt_id(int i) {
  std::string digits = std::to_string(i);
  return "req-" + std::string(6 - digits.size(), '0') + digits;
}

inline RequestBegin request_begin(int i, std::int64_t arrived_ns) {
  RequestBegin b;
  b.id = fmt_id(i);
  b.tenant = i % 3 == 0 ? "red" : "blue";
  b.model = i % 2 == 0 ? "small" : "large";
  b.route = "/v1/chat/completions";
  b.upstream = "http://127.0.0.1:8080";
  b.stream = i % 2 == 0;
  if (i % 5 == 0) b.trace_id = "0af7651916cd43dd8448eb211c80319c";
  b.arrived = {arrived_ns};
  return b;
}

inline Quantity joules(double value) {
  Quantity q = Quantity::exact(value, "J");
  q.own = {value * 0.9, value * 1.1};
  q.shared = {{"gain:package:0", 0.98, 1.02}, {"idle", 1.1, 0.9}};
  q.tier = Tier::apportioned;
  q.boundary = "package+dram";
  q.method = "RAPL, by modelled work";
  return q;
}

inline RequestEnd request_end(int i, std::int64_t ended_ns, double fair_j) {
  RequestEnd e;
  e.id = fmt_id(i);
  e.outcome = "complete";
  e.http_status = 200;
  e.sent = SteadyTime{ended_ns - 900};
  e.first_token = SteadyTime{ended_ns - 500};
  e.last_token = SteadyTime{ended_ns - 1};
  e.ended = SteadyTime{ended_ns};
  e.tokens = {100 + i, 20, std::nullopt, 7, 0};
  e.rule = "shape:Qwen3-0.6B";
  e.unattributed = 0.004;
  e.fair = joules(fair_j);
  e.marginal = joules(fair_j / 2);
  e.marginal.tier = Tier::modelled;
  e.phases = {{"prefill", 80, 0.25, joules(fair_j / 4)}, {"answer", 7, 0.5, joules(fair_j * 3 / 4)}};
  return e;
}

inline Anchor serve_anchor() { return anchor_at(0); }

inline std::unique_ptr<ServeWriter> serving(const std::string& path,
                                            const LedgerOptions& options = {}) {
  auto writer = open_serve_writer(path, "serve --upstream x", serve_anchor(), Json::object(), options);
  EXPECT_TRUE(writer) << writer.error().message;
  return writer ? std::move(*writer) : nullptr;
}

// What a power cut would leave is no question of most tests.
inline LedgerOptions without_fsync() {
  fakes::arm_kill_vfs(fakes::Kill::never, 0);
  LedgerOptions options;
  options.sqlite.vfs = fakes::kKillVfs;
  return options;
}

// The first column of the first row, by another connection.
inline std::int64_t raw_number(const std::string& path, const std::string& sql) {
  auto db = sqlite::Database::open(path, {});
  const auto n = db ? db->number(sql) : Result<std::int64_t>(fail(db.error()));
  EXPECT_TRUE(n) << sql << ": " << n.error().message;
  return n.value_or(-1);
}

}  // namespace joulebook
