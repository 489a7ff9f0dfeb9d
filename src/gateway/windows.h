#pragma once
// Cuts a service's time into windows that tile, asks every meter for each once its end is settled, and
// keeps them in order until their energy can be divided. Silence is cut coarsely, work finely, and
// the edge between them is where the first request came. Not thread-safe.
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gateway/metered_host.h"

namespace joulebook::gateway {

// What the engine was doing in a window, where that is known.
enum class EngineIs {
  absent,    // none ran
  loading,   // its model
  resident,  // its model was loaded; also where nobody knows
};

// Windows that tile and were all read, up to one of them, taken as one. An edge between two of them errs in
// both, the other way round: what the meter says of the whole has none of that.
struct Stretch {
  SteadyTime begin;
  std::map<std::string, Quantity> energy;  // J, by top-level domain, of those that have one
};

struct MeteredWindow {
  Window window;
  std::vector<WindowEnergy> energies;  // one a host, in their order; of one without a meter: no domains
  std::vector<Stretch> stretches;     // up to its end, one a host
  std::set<std::uint32_t> busy;  // upstreams: a request was open there, or the engine told of one
  EngineIs engine = EngineIs::resident;

  // No request was open in it, and no engine ran one that it told of.
  [[nodiscard]] bool silent() const { return busy.empty(); }
  [[nodiscard]] bool silent(const MeteredHost& host) const;  // on that machine
};

class Windows {
 public:
  struct Lengths {
    Nanos busy = std::chrono::seconds(1);
    Nanos silent = std::chrono::seconds(10);  // at most: it begins as `busy` and grows by that
    Nanos lag = std::chrono::milliseconds(300);  // before the meter is asked
    // It is asked again for so long where a reading that is still to come may bracket the window: of a
    // sensor that was away for less than makes a gap, or is seldom brought up to date.
    Nanos patience = std::chrono::seconds(6);
    // A stretch is no longer: meters keep readings for a time only, and a gauge's are looked through again.
    Nanos stretch = std::chrono::minutes(10);
  };

  Windows(SteadyTime start, Lengths lengths) : lengths_(lengths), begin_(start) {}

  // Work of that upstream was seen over [begin, end]; `end` may be now. Ends the silence before it.
  void busy(SteadyTime begin, SteadyTime end, std::uint32_t upstream = 0);
  // From `at` on it does that; a window ends there. In order of time.
  void engine(SteadyTime at, EngineIs is);
  // Cuts what is due at `now`; `last`: also the window that has begun.
  void cut(SteadyTime now, bool last = false);
  // Asks the meters for the windows whose end lies `lag` back (`last`: for all), in order. May wait for
  // a sensor's tick. Of one that may still answer a window waits; what others said of it is kept.
  // `hosts`: the same ones each time.
  void measure(const std::vector<MeteredHost>& hosts, SteadyTime now, bool last = false);
  // The oldest one that was measured; null: none.
  [[nodiscard]] const MeteredWindow* front() const {
    return measured_.empty() ? nullptr : &measured_.front();
  }
  void pop() { measured_.pop_front(); }
  // All that were, oldest first.
  [[nodiscard]] const std::deque<MeteredWindow>& measured() const { return measured_; }
  [[nodiscard]] SteadyTime begun() const { return begin_; }  // of the window that is open
  [[nodiscard]] std::size_t waiting() const { return cut_.size() + measured_.size(); }

 private:
  struct Cut {
    SteadyTime begin;
    SteadyTime end;
    std::set<std::uint32_t> busy;
    EngineIs engine;
    std::vector<std::optional<WindowEnergy>> energies;  // what was said so far
  };
  void add(SteadyTime end);
  [[nodiscard]] Nanos length() const;
  // The window's own energies, and what they make with those before.
  [[nodiscard]] Stretch stretch(const MeteredHost& host, const WindowEnergy& energy, std::optional<SteadyTime>& begin) const;
  // The work that was seen goes on in what is open now.
  void carry(const std::map<std::uint32_t, SteadyTime>& seen);

  Lengths lengths_;
  SteadyTime begin_;                // of the window that is open
  SteadyTime announced_{0};         // the newest edge that the meter was told of beforehand
  EngineIs engine_ = EngineIs::resident;
  std::map<std::uint32_t, SteadyTime> busy_;  // the newest instant of work seen in it, by upstream
  std::int64_t quiet_ = 0;          // silent windows since the last work
  std::deque<Cut> cut_;
  std::vector<std::optional<SteadyTime>> stretched_;  // by host: where the stretch that is open begins
  std::deque<MeteredWindow> measured_;
};

}  // namespace joulebook::gateway
