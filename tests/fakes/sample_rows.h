#pragma once
// Settled requests for tests of what is told about them: the n-th of a stream in which every third
// comes in a caller's trace, every fifth is void, every seventh has no meter. Made by formula.
#include "export/request_row.h"

namespace joulebook::fakes {

[[nodiscard]] inline Quantity sample_energy(double joules, Tier tier) {
  Quantity q = Quantity::exact(joules, "J");
  q.own = {joules * 0.9, joules * 1.15};
  q.tier = tier;
  q.boundary = "gpu";
  q.method = "fair share, model's shape";
  return q;
}

[[nodiscard]] inline gateway::RequestRow sample_row(int n) {
  gateway::RequestRow row;
  row.id = "req-" + std::to_string(n);
  row.status = n % 5 == 4 ? "void" : "final";
  row.outcome = n % 5 == 4 ? "cancelled" : "complete";
  row.http_status = 200;
  row.tenant = n % 2 == 0 ? "search" : "support";
  row.model = "Qwen3-8B";
  row.route = "/v1/chat/completions";
  row.upstream = "http://127.0.0.1:8080";
  if (n % 3 == 0) row.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736", row.parent_span = "00f067aa0ba902b7";
  row.arrived_wall_ns = 1'795'600'000'123'456'789 + n * 50'000'000LL;
  row.first_token_wall_ns = row.arrived_wall_ns + 210'000'000;
  row.ended_wall_ns = row.arrived_wall_ns + 2'400'000'000;
  row.prompt_tokens = 420;
  row.cached_tokens = 96;
  row.reasoning_tokens = 130;
  row.answer_tokens = 210 + n;
  const Reason none{"sensor.none", "no sensor can be read", "run `joulebook agent` there"};
  const bool metered = n % 7 != 6;
  const auto energy = [&](double joules, Tier tier) {
    return metered ? sample_energy(joules, tier) : Quantity::absent("J", none);
  };
  row.fair = energy(61.5 + n, Tier::apportioned);
  row.served = energy(84.25 + n, Tier::apportioned);
  row.marginal = energy(22.5 + n, Tier::modelled);
  row.phases = {{"prefill", 324, 0.2, energy(11.5, Tier::apportioned)},
                {"cached", 96, 0, Quantity::absent("J", {"phase.cached", "no rule assigns it any", ""})},
                {"reason", 130, 0.8, energy(19, Tier::apportioned)},
                {"answer", 210 + n, 1.3, energy(31 + n, Tier::apportioned)}};
  row.rule = "model's shape";
  if (row.status == "void") row.reason = Reason{"upstream.gone", "the upstream went away", ""};
  return row;
}

}  // namespace joulebook::fakes
