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

// A window with three named accounts; amounts are made from the seed.
inline Settlement busy_window(std::int64_t second, std::int64_t seconds, std::vector<int> requests,
                              std::string domain, std::int64_t seed) {
  Settlement s{std::move(domain), {second * kSecond}, {(second + seconds) * kSecond}, {0}, {}};
  for (const char* account : {"idle.resident", "self", "unattributed"}) {
    s.postings.push_back({account, {(seed = seed * 48271 % 2147483647) % 100'000}});
  }
  for (const int i : requests) {
    s.postings.push_back({"request:" + fmt_id(i), {(seed = seed * 48271 % 2147483647) % 9'000'000}});
  }
  for (const auto& posting : s.postings) s.meter += posting.amount;
  return s;
}

// The batches of `windows` windows of `seconds` each: request i begins with window i and ends after
// window i + 2.
inline std::vector<ServeBatch> traffic(int windows, std::int64_t seconds, int first_id = 0) {
  std::vector<ServeBatch> batches;
  for (int w = 0; w < windows; ++w) {
    ServeBatch batch;
    batch.now = anchor_at(w * seconds * kSecond);
    batch.begun.push_back(request_begin(first_id + w, w * seconds * kSecond));
    std::vector<int> open;
    for (int i = std::max(0, w - 2); i <= w; ++i) open.push_back(first_id + i);
    batch.windows = {busy_window(w * seconds, seconds, open, "package:0", 2 * w + 1),
                     busy_window(w * seconds, seconds, open, "dram:0", 2 * w + 2)};
    if (w >= 2) {
      batch.ended.push_back(
          request_end(first_id + w - 2, (w + 1) * seconds * kSecond - 1, 1.0));
    }
    batches.push_back(std::move(batch));
  }
  return batches;
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
