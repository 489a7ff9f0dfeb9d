#pragma once
// Whose joules were they, live: cuts time into windows, settles each once the meter and the wire have
// said what they know of it, posts it to the ledger, and keeps what the faces ask for. Every joule of
// the meter goes to one account; what cannot be known is an absence with a reason.
//
// Threads: opened, answered, remark and reading from any thread, and they never block on a sensor or a
// disk; pump from one thread at a time; the rest from any. What the traffic's thread asks for (seek,
// provisional, counts, rule, boundary) never waits for settling, which may have been put aside.
#include <joulebook/quantity.h>

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "attribution/attributor.h"
#include "core/clock.h"
#include "core/wall_times.h"
#include "export/request_row.h"
#include "gateway/active_energy.h"
#include "gateway/backlog.h"
#include "gateway/fact_log.h"
#include "gateway/floor_learner.h"
#include "gateway/live_books.h"
#include "gateway/wire/metered_exchange.h"
#include "gateway/windows.h"
#include "ledger/serve_ledger.h"
#include "meter/meter.h"

namespace joulebook::gateway {

struct SettlerOptions {
  Windows::Lengths lengths;
  attribution::Options attribution;
  SplitRule split;  // of CPU-side domains; floorless ones are found by the settler
  std::vector<std::string> domains;  // metered ones, as "gpu:0" or a kind; empty: all of the total
  Reason no_meter = MeteredHost{}.missing;  // of upstreams that no host holds
  std::size_t remembered = 10'000;  // settled requests that find() still answers
  std::size_t most_batches = 64;    // that wait while the ledger cannot take them
  std::size_t most_backlog = std::size_t{64} << 20;  // bytes of facts; beyond it each new request waits:
  std::function<void()> wait;  // empty: 0.3 ms
};

// A machine's meter, as its newest settled window found it.
struct HostNow {
  std::string name;
  bool metered = false;                  // there is one, whether or not it says anything now
  std::vector<std::uint32_t> upstreams;  // empty: all of them
  std::optional<Reason> absence;         // why its energy, or some of it, is not known
};

struct SettlerCounts {
  std::uint64_t open = 0;     // sent to the settler, not over
  std::uint64_t pending = 0;  // over, not settled
  std::uint64_t lost_rows = 0;
  std::uint64_t windows = 0;
  std::string ledger_fault;  // of the newest try; empty: it takes what comes
};

class Settler final : public TrafficSink {
 public:
  // An upstream may be held by several hosts, over which it runs: its energy is their sum. Where none has
  // a meter there is no energy. `writer` may be null: no ledger. All outlive it.
  Settler(std::vector<MeteredHost> hosts, ServeWriter* writer, LiveBooks& books, Clock& clock,
          SettlerOptions options);

  // A request that is metered, and, later, the status its answer began with.
  void opened(attribution::RequestId request, const RequestBegin& begin) override;
  void answered(attribution::RequestId request, int http_status) override;
  void remark(const attribution::Remark& remark) override;
  void broken(attribution::RequestId request, const Reason& reason) override;
  void reading(const attribution::EngineReading& reading);
  // What the engine does from `at` on, in order of time; "resident" where nobody says. What a window of
  // loading takes above the floor is posted to "load", and the floor without a model is "idle.bare".
  void engine(EngineIs is, SteadyTime at);
  // Whether nobody else works on this machine (SplitRule::alone), from the next settled window on.
  void alone(bool alone);

  // Does what is due, a bounded part of it: whether more is due at once. `last`: everything, whatever is
  // still open.
  bool pump(bool last = false);
  // Each request that is final or void, from pump(), under a lock: must not call back. Left empty where
  // nobody wants the rows.
  std::function<void(const RequestRow&)> on_row;

  // What is known of a request now. May wait for a window to be settled.
  [[nodiscard]] std::optional<StoredRequest> find(const std::string& id) const;
  // The same, unless just now something is being settled: then it is to be asked again.
  struct Sought {
    bool later = false;
    std::optional<StoredRequest> request;
  };
  [[nodiscard]] Sought seek(const std::string& id) const;
  // What was told and is not taken yet.
  [[nodiscard]] Backlog backlog() const;
  // J that `tokens` of output of that upstream may have taken so far, by the newest settled minute: a
  // guess for a stream's last comment, never stored. An absence where nothing was settled. Never waits.
  [[nodiscard]] Quantity provisional(double tokens, std::uint32_t upstream) const override;
  [[nodiscard]] SettlerCounts counts() const;
  [[nodiscard]] std::string rule() const;
  // Kinds of the domains that were settled last, "gpu+package"; empty: none.
  [[nodiscard]] std::string boundary() const;
  [[nodiscard]] std::vector<HostNow> hosts() const;
  // Which UTC instants had when they were.
  [[nodiscard]] WallTimes wall() const;

 private:
  static constexpr std::int64_t kTokenTick = 10'000'000;  // ns
  static constexpr std::size_t kMostTicks = 65'536;

  // A request from its first fact to its row.
  struct Entry {
    RequestBegin begin;
    EndRow end;
    std::uint32_t upstream = 0;
    bool over = false;
    double reasoning = 0;  // tokens seen on the wire
    double answer = 0;
    std::optional<std::int64_t> output;  // both, as the sender counted
    std::optional<Reason> lost;  // why a window of it has no energy
  };

  [[nodiscard]] std::optional<RequestBegin> just_opened(const std::string& id) const;
  [[nodiscard]] std::optional<StoredRequest> find_here(const std::string& id) const;
  // Some of what was told. All that was told before the instant that it returns is taken.
  [[nodiscard]] SteadyTime take_facts(SteadyTime now);
  void take(Fact&& fact);
  void note_oldest();
  bool pump_some(bool last);
  void publish();
  [[nodiscard]] double per_token(std::uint32_t upstream) const;
  void note(const attribution::Remark& remark);
  void keep_busy(SteadyTime now);
  void change_engine(SteadyTime now);
  // Of a window that is settled: what was posted, for the faces.
  struct Sums {
    double gross = 0;  // J
    double active = 0;
    double unattributed = 0;
    std::map<std::uint32_t, double> shares;  // J, by upstream
    std::set<std::size_t> dark;              // hosts whose energy is not, or not all, known
    bool whole = true;                       // every metered domain had a reading
  };
  [[nodiscard]] bool may_settle(SteadyTime now, bool last) const;
  void settle_front();
  void observe();
  void settle_host(const MeteredWindow& window, std::size_t host, Sums& sums);
  void observe_host(const MeteredWindow& window, std::size_t host, const Floors& floors);
  [[nodiscard]] SplitRule split_of(const WindowEnergy& energy, const Floors& floors, const MeteredHost& host) const;
  // The domains of that host that are metered; marks its requests whose window lacks one.
  [[nodiscard]] WindowEnergy counted(const MeteredWindow& window, std::size_t host, Sums& sums);
  // `floor`: what was taken off the domain as idle, W.
  void divide(Settlement& settlement, const DomainEnergy& domain, const Window& window, const MeteredHost& host,
              double floor, Sums& sums);
  [[nodiscard]] attribution::ActiveEnergy active_of(const DomainEnergy& domain, const Window& window,
                                                    MicroJoules active, double floor, const MeteredHost& host) const;
  void show(const Window& window, const Sums& sums);
  void mark_lost(const Window& window, const Reason& reason, std::size_t host, Sums& sums);
  void finish(SteadyTime edge);
  void finish_without_meter();
  // A request that is final or void.
  struct Settled {
    RequestBegin begin;
    EndRow end;  // empty while it is in a batch
    MicroJoules posted;
  };
  void close(attribution::RequestId request, Entry& entry,
             attribution::SettledRequest* figures);
  void remember(Settled settled);
  [[nodiscard]] StoredRequest stored(const Settled& settled, const EndRow& end) const;
  // Ends of requests that a batch is done with go to what is remembered of them.
  void take_back(std::vector<EndRow>& ends);
  [[nodiscard]] const EndRow* unwritten_end(const std::string& id) const;
  void flush(SteadyTime now, bool last, std::unique_lock<std::mutex>& lock);
  void write_waiting(bool last, std::unique_lock<std::mutex>& lock);
  // A batch that the ledger will never have: later ones must not speak of what began in it.
  void give_up(const ServeBatch& batch);
  void without_lost(ServeBatch& batch);
  [[nodiscard]] bool metered(const DomainEnergy& domain) const;
  [[nodiscard]] bool known(std::uint32_t upstream, const Sums& sums) const;  // all of its energy
  [[nodiscard]] Reason why_none(std::uint32_t upstream) const;

  const std::vector<MeteredHost> hosts_;
  std::vector<std::optional<Reason>> absences_;  // by host, of the newest settled window
  ServeWriter* writer_;
  LiveBooks& books_;
  Clock& clock_;
  SettlerOptions options_;

  std::atomic<bool> alone_{false};

  mutable std::mutex facts_mutex_;
  FactLog facts_;

  mutable std::mutex mutex_;  // guards what follows; windows_ and batches that wait are pump's alone to change
  mutable std::atomic<bool> sought_{false};  // somebody is to ask again
  std::deque<Facts> taken_;  // what waits to be read, oldest first
  std::string spare_;                // a buffer of facts that were read
  std::uint64_t read_opened_ = 0;    // requests, among the facts that were read
  std::uint64_t read_ended_ = 0;
  std::atomic<std::uint64_t> read_bytes_{0};
  std::atomic<std::int64_t> oldest_ns_{0};  // when the oldest of taken_ began; 0: there is none
  attribution::Attributor attributor_;
  FloorLearner floors_;
  Windows windows_;
  std::map<attribution::RequestId, Entry> entries_;
  std::unordered_map<std::string_view, attribution::RequestId> by_id_;  // names lie in entries_
  std::deque<Settled> settled_;                                        // the newest last
  std::unordered_map<std::string_view, Settled*> settled_by_id_;       // names lie in settled_
  ServeBatch batch_;
  std::deque<ServeBatch> waiting_;  // that the ledger did not take
  std::set<std::string> lost_;      // requests whose beginning is not in the ledger
  std::deque<EngineNow> engine_;    // what is not known to the windows yet
  WallTimes wall_;
  SteadyTime started_;
  SteadyTime flushed_;
  SteadyTime busy_until_;
  SteadyTime observed_;  // end of the newest window that was learned from
  // By upstream:
  std::map<std::uint32_t, double> engine_running_;  // by the engine's own count, at the newest reading
  // By kTokenTick and upstream: those of windows that are not settled, at most kMostTicks.
  std::map<std::int64_t, std::map<std::uint32_t, double>> tokens_;
  struct Recent {  // of the newest minute, decayed
    double joules = 0;
    double tokens = 0;
  };
  std::map<std::uint32_t, Recent> recent_;
  std::string boundary_;
  std::string rule_;
  SettlerCounts counts_;

  // What is shown of all that, for whoever must not wait; under a lock that is held for no work.
  struct Shown {
    SettlerCounts counts;
    std::string boundary;
    std::string rule;
    std::map<std::uint32_t, double> joules_per_token;  // by upstream, where it is known
    std::vector<std::optional<Reason>> absences;       // by host
    std::uint64_t read_opened = 0;
    std::uint64_t read_ended = 0;
    WallTimes wall;
  };
  mutable std::mutex shown_mutex_;
  Shown shown_;
};

}  // namespace joulebook::gateway
