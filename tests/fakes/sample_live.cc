#include "fakes/sample_live.h"

#include <cmath>
#include <limits>

namespace joulebook::fakes {
namespace {

using gateway::Consumer;
using gateway::DomainAccounts;
using gateway::LivePoint;
using gateway::LiveState;

constexpr std::int64_t kStart_ns = 1'795'600'000'000'000'000;  // 2026-11-25T08:26:40Z
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kSeconds = 5400;

// A domain whose accounts sum to its meter. Shares in millionths.
DomainAccounts domain(std::string name, Tier tier, std::int64_t meter_uj, Interval within, double level) {
  DomainAccounts d;
  d.domain = std::move(name);
  d.tier = tier;
  d.meter = {meter_uj};
  d.within = within;
  d.level = level;
  std::int64_t rest = meter_uj;
  for (const auto& [account, millionths] :
       {std::pair{"request", 712'000}, {"idle.resident", 221'000}, {"idle.bare", 31'000},
        {"self", 1'500}, {"other", 28'500}}) {
    const std::int64_t part = meter_uj / 1'000'000 * millionths;
    d.accounts[account] = {part};
    rest -= part;
  }
  d.accounts["unattributed"] = {rest};
  return d;
}

Consumer consumer(std::string kind, std::string name, std::uint64_t requests, std::uint64_t voided,
                  std::int64_t fair_uj, double price) {
  Consumer c;
  c.kind = std::move(kind);
  c.name = std::move(name);
  c.requests = requests;
  c.voided = voided;
  const auto n = static_cast<std::int64_t>(requests);
  c.prompt_tokens = 420 * n;
  c.cached_tokens = 96 * n;
  c.reasoning_tokens = 130 * n;
  c.answer_tokens = 210 * n;
  c.fair = MicroJoules{fair_uj};
  const double joules = static_cast<double>(fair_uj) * 1e-6;
  c.within = {joules * 0.95, joules * 1.06};
  c.joules_per_token = price;
  return c;
}

LivePoint second(std::int64_t i) {
  LivePoint p;
  p.utc_ms = (kStart_ns / 1'000'000) + (kSeconds - 600 + i + 1) * 1000;
  const std::int64_t phase = i % 240;  // the batch goes up and down in four minutes
  p.batch = static_cast<double>(phase < 120 ? phase : 240 - phase) / 4 + 1;
  const double noise = static_cast<double>((i * 37) % 19) / 19 - 0.5;
  p.watts = 96 + 330 * p.batch / (p.batch + 7) + 9 * noise;
  p.tokens_per_s = 41 * p.batch / (1 + 0.015 * p.batch) * (1 + 0.06 * noise);
  p.joules_per_token = (p.watts - 88) / p.tokens_per_s;
  p.unattributed = 0.004 + 0.003 * (noise + 0.5);
  if (i >= 300 && i < 318) p.watts = p.joules_per_token = p.unattributed = kNaN;  // a gap
  return p;
}

void add_consumers(LiveState& state) {
  // Of the requests' 1,206,306.4 J, in microjoules, by who asked, by model, by route.
  std::int64_t all = 0;
  for (const auto& d : state.domains) all += d.accounts.at("request").count;
  const auto add = [&](const char* kind, std::initializer_list<std::tuple<const char*, int, int, double>> parts) {
    std::int64_t rest = all;
    std::size_t left = parts.size();
    for (const auto& [name, requests, thousandths, price] : parts) {
      const std::int64_t fair = --left == 0 ? rest : all / 1000 * thousandths;
      rest -= fair;
      state.consumers.push_back(consumer(kind, name, static_cast<std::uint64_t>(requests),
                                         static_cast<std::uint64_t>(requests / 100), fair, price));
    }
  };
  add("tenant", {{"search", 9000, 610, 0.312}, {"support", 3600, 300, 0.398}, {"research", 1800, 90, kNaN}});
  add("model", {{"Llama-3.3-70B-Instruct", 5400, 702, 0.571}, {"Qwen3-8B", 9000, 298, 0.118}});
  add("route", {{"/v1/chat/completions", 12000, 931, 0.344},
                {"/v1/messages", 1500, 66, 0.352},
                {"/v1/embeddings", 900, 3, kNaN}});
}

}  // namespace

LiveState sample_live() {
  LiveState state;
  state.version = "0.1.0";
  state.started_wall_ns = kStart_ns;
  state.now_wall_ns = kStart_ns + kSeconds * 1'000'000'000;
  state.boundary = "dram+gpu+package";
  state.rule = "model's shape (Llama-3.3-70B-Instruct)";
  state.domains = {
      domain("gpu:0", Tier::measured, 1'404'000'000'019, {1'390'100, 1'418'200}, 1),
      domain("package:0", Tier::measured, 248'400'000'007, {246'000, 250'900}, 1),
      domain("dram:0", Tier::modelled, 41'850'000'003, {22'000, 71'000}, 0.95)};
  state.lost = {{"gpu:0", {{"sensor.lost", 3}, {"sensor.reset", 1}}}};
  state.sensors = {{"nvml:GPU-4f1c:energy", "gpu:0", true}, {"powercap:intel-rapl:0", "package:0", true},
                   {"powercap:intel-rapl:0:1", "dram:0", false}};
  add_consumers(state);
  state.upstreams = {{"http://127.0.0.1:8080", true, 11'300, 4, 14.2, 2, true},
                     {"http://127.0.0.1:8081", false, 3'107, 61, 0, kNaN, false}};
  for (auto& upstream : state.upstreams) upstream.meters = {"this machine"};
  for (std::int64_t i = 0; i < 600; ++i) state.points.push_back(second(i));
  state.open = 17;
  state.pending = 3;
  state.final_ = 14'256;
  state.void_ = 144;
  state.backlog_requests = 2;
  state.backlog_bytes = 180;
  state.backlog_age_s = 0.0625;
  state.connections = 41;
  state.lost_rows = 0;
  state.sink_dropped = 12;
  state.self_cpu_s = 31.25;
  state.self_energy = Quantity::exact(2541.4, "J");
  state.self_energy.own = {1800, 3100};
  state.self_energy.tier = Tier::apportioned;
  state.self_energy.boundary = "package";
  state.self_energy.method = "share of CPU time";
  state.ttft_s_bounds = {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
  state.ttft_counts = {912, 3810, 5120, 2904, 1103, 405, 110, 30, 6};
  state.ttft_sum_s = 5160.5;
  return state;
}

LiveState sample_live_unmetered() {
  LiveState state = sample_live();
  const Reason why{"sensor.none", "no sensor can be read, and the upstream is on another machine",
                   "run `joulebook agent` there and name it with --meter"};
  state.boundary.clear();
  state.rule = "tokens";
  state.absences = {why};
  state.domains.clear();
  state.sensors.clear();
  state.lost.clear();
  for (auto& c : state.consumers) {
    c.fair.reset();
    c.within = gateway::kUnbounded;
    c.joules_per_token = kNaN;
  }
  for (auto& p : state.points) p.watts = p.joules_per_token = p.unattributed = kNaN;
  state.self_energy = Quantity::absent("J", why);
  for (auto& upstream : state.upstreams) {
    upstream.meters.clear();
    upstream.absence = why;
  }
  return state;
}

}  // namespace joulebook::fakes
