#pragma once
// A ledger with one of each for tests of what is told about it: the sample study, and a gateway that
// served two tenants and two models over two days. Joules hang together: a request's phases sum to its
// fair share, which is what its windows posted. Made by formula; nobody measured them.
#include <string>

#include "core/clock.h"
#include "export/study_json.h"
#include "fakes/sample_study.h"
#include "ledger/serve_ledger.h"

namespace joulebook::fakes {

inline constexpr std::int64_t kLedgerSecond = 1'000'000'000;
inline constexpr std::int64_t kLedgerWall = 1'795'651'200'000'000'000;  // 2026-11-26T00:00:00Z
inline constexpr int kLedgerRequests = 60;
// Between two requests; so they are spread over two days.
inline constexpr std::int64_t kLedgerStep = 2400 * kLedgerSecond;

inline Anchor ledger_anchor(std::int64_t steady_ns) {
  return {{steady_ns}, steady_ns, kLedgerWall + steady_ns};
}

inline Quantity ledger_joules(MicroJoules amount, double share = 1) {
  Quantity q = Quantity::exact(static_cast<double>(amount.count) * 1e-6 * share, "J");
  q.own = {*q.value * 0.93, *q.value * 1.08};
  q.shared = {{"gain:gpu:0", 0.97, 1.03}};
  q.tier = Tier::apportioned;
  q.boundary = "gpu";
  q.method = "NVML energy counter, fair share by the model's shape";
  return q;
}

inline RequestBegin ledger_begin(int n, std::int64_t at) {
  RequestBegin b;
  b.id = "0199f0a0-" + std::to_string(1000 + n);
  b.tenant = n % 3 == 0 ? "search" : "support";
  b.model = n % 2 == 0 ? "Qwen3-8B" : "Llama-3.1-70B";
  b.route = "/v1/chat/completions";
  b.upstream = "http://127.0.0.1:8080";
  b.stream = n % 2 == 0;
  b.arrived = {at};
  return b;
}

// Every ninth is cancelled, every tenth void without a figure.
inline RequestEnd ledger_end(int n, std::int64_t at, MicroJoules posted) {
  RequestEnd e;
  e.id = ledger_begin(n, at).id;
  e.outcome = n % 9 == 8 ? "cancelled" : "complete";
  e.http_status = 200;
  e.sent = SteadyTime{at + 1'000'000};
  e.first_token = SteadyTime{at + 300'000'000};
  e.last_token = SteadyTime{at + 3 * kLedgerSecond};
  e.ended = SteadyTime{at + 3 * kLedgerSecond + 1000};
  e.tokens = {400 + 10 * n, 64, n % 2 == 0 ? 100 : 0, 150 + n, 0};
  e.rule = "shape:" + ledger_begin(n, at).model;
  e.unattributed = 0.01;
  e.fair = ledger_joules(posted);
  e.marginal = ledger_joules(posted, 0.4);
  e.marginal.tier = Tier::modelled;
  e.phases = {{"prefill", 336 + 10 * n, 0.3, ledger_joules(posted, 0.25)},
              {"answer", 150 + n, 2.7, ledger_joules(posted, 0.75)}};
  if (n % 10 != 9) return e;
  e.void_reason = Reason{"window.lost", "the meter was lost while it ran", "see joulebook doctor"};
  e.fair = Quantity::absent("J", *e.void_reason, static_cast<double>(posted.count) * 1e-6);
  e.marginal = Quantity::absent("J", *e.void_reason);
  e.phases.clear();
  return e;
}

// Three windows' worth for each request: silence, the request, and what nobody owns.
inline ServeBatch ledger_batch(int n) {
  const std::int64_t at = n * kLedgerStep;
  const MicroJoules posted{(n % 2 == 0 ? 240 : 900) * 1'000'000LL + 1000 * n};
  ServeBatch batch;
  batch.now = ledger_anchor(at + 4 * kLedgerSecond);
  batch.begun = {ledger_begin(n, at)};
  Settlement busy{"gpu:0", {at}, {at + 4 * kLedgerSecond}, {0}, {}};
  busy.postings = {{"request:" + batch.begun[0].id, posted}, {"idle.resident", {220'000'000}}, {"unattributed", {2'500'000}}};
  Settlement silent{"gpu:0", {at + 4 * kLedgerSecond}, {at + kLedgerStep}, {0}, {}};
  silent.postings = {{"idle.resident", {40'000'000'000}}, {"self", {1'000'000}}};
  for (Settlement* s : {&busy, &silent}) {
    for (const auto& posting : s->postings) s->meter += posting.amount;
  }
  batch.windows = {busy, silent};
  batch.ended = {ledger_end(n, at, posted)};
  return batch;
}

// Writes both; the study began five days before the gateway.
inline Status write_sample_ledger(const std::string& path) {
  const StudyResult study = sample_study();
  auto ledger = open_ledger(path);
  if (!ledger) return fail(ledger.error());
  Anchor start = ledger_anchor(-5LL * 86400 * kLedgerSecond);
  start.steady.ns = 1;
  const auto run = (*ledger)->begin_run("study", study.spec.name, start, Json::object());
  if (!run) return fail(run.error());
  Anchor end = start;
  end.wall_ns += 240 * kLedgerSecond, end.steady.ns += 240 * kLedgerSecond;
  if (auto ok = (*ledger)->end_run(*run, end, to_json(study), true); !ok) return ok;
  auto writer = open_serve_writer(path, "serve --upstream http://127.0.0.1:8080", ledger_anchor(0), Json::object());
  if (!writer) return fail(writer.error());
  for (int n = 0; n < kLedgerRequests; ++n) {
    if (auto ok = (*writer)->settle(ledger_batch(n)); !ok) return ok;
  }
  Quantity total = ledger_joules({2'480'000'000'000});
  total.tier = Tier::measured;
  total.method = "NVML energy counter";
  return (*writer)->end(ledger_anchor(kLedgerRequests * kLedgerStep), Json::object({{"total", to_json(total)}}), true);
}

}  // namespace joulebook::fakes
