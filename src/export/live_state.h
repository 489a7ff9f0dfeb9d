#pragma once
// What a metering gateway knows at one instant, as plain values: exporters, the live page and `top`
// are functions of this and touch neither sensor nor socket. Bounded: `kTop` rows a table at most.
//
// An energy is a quantity: what is posted is whole microjoules, and beside it stands the interval
// that holds the truth; where nobody worked one out it is [0, unbounded), which says nothing and is
// never wrong. A figure that was not had is empty (NaN in series) and `absences` say why.
#include <joulebook/quantity.h>
#include <joulebook/units.h>

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace joulebook::gateway {

constexpr std::size_t kTop = 64;            // rows of a table; the rest is summed under "(other)"
constexpr std::size_t kLivePoints = 600;    // of a series: ten minutes of seconds

constexpr Interval kUnbounded{0, std::numeric_limits<double>::infinity()};

// Joules posted since the start, by account ("request", "idle.bare", "idle.resident", "load", "self",
// "other", "unattributed") of one top-level domain. They sum to the meter.
struct DomainAccounts {
  std::string domain;  // "package:0"
  Tier tier = Tier::measured;
  MicroJoules meter;
  Interval within = kUnbounded;  // of the meter, J
  double level = 1;              // 1: a bound
  std::map<std::string, MicroJoules> accounts;
};

// Cumulative since the start, for one tenant, model or route.
struct Consumer {
  std::string kind;  // "tenant", "model", "route"
  std::string name;
  std::uint64_t requests = 0;  // final and void
  std::uint64_t voided = 0;    // of them
  std::int64_t prompt_tokens = 0;  // cached ones inside
  std::int64_t cached_tokens = 0;
  std::int64_t reasoning_tokens = 0;
  std::int64_t answer_tokens = 0;  // reasoning apart
  std::optional<MicroJoules> fair;  // empty: none of its requests had a meter
  Interval within = kUnbounded;     // of fair, J
  double level = 0.95;
  double joules_per_token = 0;  // of the last settled minute; NaN: no token, or no meter
};

// One second, settled or not yet.
struct LivePoint {
  std::int64_t utc_ms = 0;   // its end
  double watts = 0;          // NaN: no reading
  double batch = 0;          // mean running requests
  double tokens_per_s = 0;   // output
  double joules_per_token = 0;  // active energy over output tokens; NaN: none
  double unattributed = 0;   // share of active energy, 0 to 1; NaN: none
};

struct UpstreamState {
  std::string name;  // its address, without credentials
  bool reachable = true;
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
  double running = 0;
  double waiting = 0;  // NaN: it does not say
  bool metrics_page = false;
  std::vector<std::string> meters = {};  // of its machines; empty: none
  std::optional<Reason> absence = {};    // why its energy, or some of it, is not known now
};

// A sensor in use, of any meter.
struct SensorState {
  std::string id;
  std::string domain;   // as in the accounts
  bool reads = true;    // its newest reading succeeded
};

// What is known of what was settled.
struct SettledState {
  std::vector<DomainAccounts> domains;  // empty: no meter
  std::vector<Consumer> consumers;      // every request stands in one row of each kind
  std::deque<LivePoint> points;         // rising in time
  std::uint64_t final_ = 0;             // requests
  std::uint64_t void_ = 0;
  std::map<std::string, std::map<std::string, std::uint64_t>> lost;  // windows without energy, by domain and reason
  double self_cpu_s = 0;
  Quantity self_energy;                    // J
  std::vector<double> ttft_s_bounds;       // histogram: rising upper bounds, and counts one longer
  std::vector<std::uint64_t> ttft_counts;  // each of its own bucket, not cumulative
  double ttft_sum_s = 0;
};

struct LiveState : SettledState {
  std::string version;
  std::int64_t started_wall_ns = 0;  // since 1970 UTC
  std::int64_t now_wall_ns = 0;
  std::string boundary;  // "gpu", "package+dram"; empty: no meter
  std::string rule;      // how shares are weighed now
  std::vector<Reason> absences;  // why there is no energy, or not all, with the cure; empty: there is
  std::vector<UpstreamState> upstreams;
  std::vector<SensorState> sensors;
  std::uint64_t open = 0;      // requests now
  std::uint64_t pending = 0;   // ended, not settled
  std::uint64_t backlog_requests = 0;  // of those open and pending, told to the settler and not read by it
  std::uint64_t backlog_bytes = 0;     // that it keeps of them
  double backlog_age_s = 0;            // of the oldest that it keeps
  std::uint64_t connections = 0;
  std::uint64_t lost_rows = 0;      // not written: the ledger could not take them
  std::uint64_t sink_dropped = 0;   // rows that a sink's bounded queue let go
};

}  // namespace joulebook::gateway
