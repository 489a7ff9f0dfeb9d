#pragma once
// Whose joules were they? Fed with what the outside of serving engines shows (traffic.h), divides
// the active energy of windows among the work that was done in them: DESIGN.md section 6,
// docs/attribution.md.
//
// Pure: no clock but the times it is given, no I/O; memory is bounded by Options. What is fed may
// be false, late or out of order: shares are then worse, but they always sum to what was to be
// divided, to the microjoule, and none is negative. Nothing here fails. Not thread-safe.
#include <joulebook/quantity.h>
#include <joulebook/units.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attribution/traffic.h"
#include "core/figure.h"
#include "physics/serving/step_model.h"

namespace joulebook::attribution {

// What an upstream computes with. Of `work` the shape, the device, the weights and the devices are
// used; batch and lengths come from the traffic.
struct ServedModel {
  std::string name;
  serving::Workload work;
};

struct Options {
  Nanos horizon = std::chrono::seconds(60);  // a window waits no longer for what is not yet known
  std::size_t most_requests = 65'536;        // known at a time; more are not followed, and counted
  std::size_t most_pieces = 4'096;           // of one sequence; then neighbours are joined
  std::vector<std::optional<ServedModel>> models;  // by upstream
  // Models that an upstream runs side by side, by the name that requests ask for: each is an engine of its own.
  struct Named {
    std::uint32_t upstream = 0;
    std::string name;
    ServedModel model;
  };
  std::vector<Named> named;
  std::set<std::uint32_t> routers;  // upstreams of which every model is, whether or not its shape is known
};

// What is to be divided: one domain's energy in one window, idle, self and other processes taken
// off.
struct ActiveEnergy {
  SteadyTime begin;
  SteadyTime end;
  std::string domain;
  MicroJoules active;  // of a negative one nothing is shared: all of it is unattributed
  // The same in J with its interval, shared parts, tier, boundary. Its own part is taken as the
  // error of the window's two edges. An absence: `active` is taken as exact.
  Quantity energy;
  std::vector<std::uint32_t> upstreams;  // whose work it covers; empty: all of them
};

enum class Phase { queue, prefill, cached, reason, answer, wasted };
constexpr std::size_t kPhases = 6;
[[nodiscard]] std::string_view to_string(Phase phase);

struct Share {
  RequestId request = 0;
  Phase phase = Phase::answer;
  MicroJoules energy;        // above 0
  double uncertainty_j = 0;  // of the weights, half of a 0.95 interval
};

struct Division {
  std::vector<Share> shares;  // by request, then phase
  MicroJoules load;   // of models that requests waited for
  MicroJoules other;  // traffic that did not pass here and shows in the engine's metrics page
  MicroJoules unattributed;
  std::optional<Reason> reason;  // set where unattributed is not 0
  std::string rule;              // "physics:NAME" ("NAME+NAME" of several models), "fitted", "tokens"
};

struct PhaseFigure {
  Phase phase = Phase::answer;
  std::int64_t tokens = 0;
  double seconds = 0;
  Quantity energy;  // J, of fair
};

struct RequestFigures {
  RequestId request = 0;
  MicroJoules posted;  // over all windows and domains; what fair says
  Quantity fair;       // J at 0.95, shared parts kept; an absence where no window held its work
  Quantity marginal;   // modelled; alone it equals fair
  std::vector<PhaseFigure> phases;  // all six, in the order of Phase; their energies sum to fair
  std::string rule;                 // of most of its energy
  double unattributed = 0;          // share of the active energy of its windows, 0 to 1
  std::optional<Reason> reason;     // where that is above 0.05
};

// The same as it is kept by the thousand: energies whose words many requests share.
struct SettledPhase {
  std::int64_t tokens = 0;
  double seconds = 0;
  Figure energy;
};

struct SettledRequest {
  RequestId request = 0;
  MicroJoules posted;
  Figure fair;
  Figure marginal;
  std::array<SettledPhase, kPhases> phases;  // by Phase
  std::string rule;
  double unattributed = 0;
};
[[nodiscard]] RequestFigures told(const SettledRequest& settled);

class Attributor {
 public:
  explicit Attributor(Options options);
  ~Attributor();
  Attributor(Attributor&&) noexcept;
  Attributor& operator=(Attributor&&) noexcept;

  void remark(const Remark& remark);
  void reading(const EngineReading& reading);
  void now(SteadyTime at);  // time passes in silence

  // A window's energy is known, though it cannot be divided yet: what it shows of prices serves the
  // windows before it, too. Of the windows that divide() gets, or most of them, as they come.
  void measured(const ActiveEnergy& energy);

  // Nothing that could still come changes the division of windows up to `end`, or the horizon is
  // over.
  [[nodiscard]] bool ready(SteadyTime end) const;
  // Windows of one domain rise in time; all domains of a window before the next window's. One that
  // begins before the settled edge finds no work there.
  [[nodiscard]] Division divide(const ActiveEnergy& energy);
  // Every domain of the windows up to `edge` was divided: what is over by then is told, by request,
  // and forgotten.
  [[nodiscard]] std::vector<SettledRequest> over(SteadyTime edge);
  // The same, told in full.
  [[nodiscard]] std::vector<RequestFigures> settled(SteadyTime edge);

  [[nodiscard]] std::size_t followed() const;        // requests known now
  [[nodiscard]] std::uint64_t not_followed() const;  // since the start, for want of room

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Served: fair share, and as large a part of the hour's idle energy as its fair share is of all
// fair shares of that hour. `fair_in_hour`: J of this request posted in the hour; `all_fair`: of
// all requests. An absence where either quantity is one, or no request was fair-shared in it.
[[nodiscard]] Quantity served(const Quantity& fair, MicroJoules fair_in_hour, MicroJoules all_fair,
                              const Quantity& idle_in_hour);

// `total` divided by weights, whole and exactly: largest remainders get the odd units. Weights that
// are negative or not finite count as 0; where all are 0 the result is all zeros. REQUIRES: total
// >= 0.
[[nodiscard]] std::vector<std::int64_t> divide_whole(std::int64_t total,
                                                     std::span<const double> weights);

}  // namespace joulebook::attribution
