#pragma once
// Keeps the running sums that the faces show (live_state.h): what was posted, to whom, second by
// second. Bounded: names that clients choose are counted apart for kMostNames a kind, then together.
// Thread-safe: written by the settler, read by whoever makes a page.
#include <array>
#include <map>
#include <mutex>
#include <string>

#include "export/live_state.h"
#include "ledger/serve_ledger.h"

namespace joulebook::gateway {

// A domain's figures in one settled window, looked at where they are.
struct SettledDomain {
  const Settlement& settlement;
  const Quantity& energy;  // J, of the meter
  // The same of all windows since `since`, up to this one, taken as one: they tile. Null: of this alone.
  const Quantity* whole = nullptr;
  SteadyTime since = {};
};

class LiveBooks {
 public:
  static constexpr std::size_t kMostNames = 512;  // of a kind

  LiveBooks();
  void settled(const SettledDomain& domain);
  // A window in which that domain had no energy.
  void lost(const std::string& domain, const Reason& reason);
  // A request that is final, or void (`end` says why), and when it ended.
  void ended(const RequestBegin& begin, const EndRow& end, std::int64_t ended_wall_ns);
  // Of the newest minute's windows; NaN where there is none.
  void point(const LivePoint& point);
  void first_token(double seconds);
  // CPU time of Joulebook's own threads in a settled window, s.
  void self_cpu(double seconds);
  // Adds what is kept here to a state that holds the rest; where it is being changed just now, what it was
  // when it was last asked for.
  void fill(LiveState& state) const;

 private:
  // J and output tokens of the newest minutes, for a consumer's J/token.
  struct Recent {
    std::int64_t minute = 0;
    double joules = 0;
    double tokens = 0;
    double last = std::numeric_limits<double>::quiet_NaN();
  };
  struct Kept {
    Consumer consumer;
    Recent recent;
  };
  // What the accounts say that Joulebook itself took: the meter's error is all its own.
  [[nodiscard]] Quantity self_energy() const;
  // What a request adds to each sum that it is in.
  struct Addition {
    bool voided = false;
    const RequestTokens& tokens;
    std::optional<double> joules;
    Interval within{0, 0};  // of an absence: what is known
    double level = 1;
    std::int64_t minute = 0;
  };
  void add(const char* kind, const std::string& name, const Addition& more);

  [[nodiscard]] SettledState settled_state() const;

  mutable std::mutex last_mutex_;  // of readers alone
  mutable std::optional<SettledState> last_;  // what was filled in last, for who must not wait
  // What the meter says of a domain's windows: of those that tile as one, so that edges between them cancel.
  struct Metered {
    SteadyTime since;
    Quantity open;                   // J since then
    std::optional<Quantity> closed;  // before
    void add(const SettledDomain& domain);
    [[nodiscard]] Quantity all() const;
  };

  mutable std::mutex mutex_;
  struct Domain {
    DomainAccounts accounts;
    Metered metered;
  };
  std::map<std::string, Domain> domains_;
  std::map<std::string, std::map<std::string, Kept>> kinds_;  // by kind and name
  std::map<std::string, std::map<std::string, std::uint64_t>> lost_;  // windows, by domain and reason
  std::deque<LivePoint> points_;
  std::uint64_t final_ = 0;
  std::uint64_t void_ = 0;
  std::vector<std::uint64_t> ttft_counts_;
  double ttft_sum_s_ = 0;
  double self_cpu_s_ = 0;
};

}  // namespace joulebook::gateway
