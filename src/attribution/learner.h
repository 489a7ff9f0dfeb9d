#pragma once
// What windows teach about prices. A window is learned from once, as soon as its energy is metered
// and enough of its work is known: that may be long before it can be divided, for windows wait for
// their requests to end, and the division of the first then knows what those behind it showed.
// Bounded; not thread-safe.
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "attribution/bypass.h"
#include "attribution/energy_fit.h"
#include "attribution/engines.h"
#include "attribution/window_work.h"

namespace joulebook::attribution {

// Who has a part in a domain's energy, and the priced parts of all of them and of the bypass, by upstream.
struct Sharers {
  std::vector<const RequestWork*> requests;  // of the work given
  std::map<std::uint32_t, Parts> all, bypass;
};
[[nodiscard]] Sharers sharers_of(const ActiveEnergy& energy, const WindowWork& work);

[[nodiscard]] bool covers(const ActiveEnergy& energy, std::uint32_t upstream);

// Standard deviation of one edge of a window, J. A bound is the sum of its two edges', each anywhere
// within; else a normal interval is taken.
[[nodiscard]] double edge_error(const Quantity& energy);

class Learner {
 public:
  explicit Learner(const Engines& engines);

  [[nodiscard]] const PriceList& prices() const { return prices_; }
  // Its energy is known; catch_up() learns from it when its work is.
  void measured(const ActiveEnergy& energy);
  void catch_up(const Tracks& tracks, const BypassWatch& bypass);
  // Where it was not yet, and its work is known.
  void learn(const ActiveEnergy& energy, const WindowWork& work, const Sharers& sharers);

  // A fair share is a ratio of all parts to all, and the prior is to hold against what bends windows
  // alike; a marginal is a difference, and own parts are told best by how windows differ.
  // Each upstream has its own.
  struct Known {
    Factors fair, marginal;
  };
  [[nodiscard]] std::map<std::uint32_t, Known> factors(const ActiveEnergy& energy, const Sharers& sharers) const;
  [[nodiscard]] Factors step_time(std::uint32_t upstream) const;
  void forget(std::int64_t edge);

 private:
  struct Fits {
    PriceFit fair{0.02, 64};
    PriceFit marginal{0.01, 1000};
    std::vector<std::uint32_t> upstreams;  // in the order of the fits; the last stands for all beyond
  };
  static void enrol(std::vector<std::uint32_t>& upstreams, const Sharers& sharers);
  [[nodiscard]] static std::size_t place(const std::vector<std::uint32_t>& upstreams, std::uint32_t upstream);
  struct Waiting {
    ActiveEnergy energy;
    std::int64_t next;  // try
  };
  [[nodiscard]] double bent(const Sharers& sharers, double watts) const;
  void learn_time(const ActiveEnergy& energy, const WindowWork& work);

  PriceList prices_;
  std::map<std::string, Fits> fits_;      // by domain
  PriceFit time_{0.02, 1000};             // that steps take
  std::deque<Waiting> waiting_;
  std::int64_t edge_ = INT64_MIN;  // of windows before it the work is forgotten
  std::set<std::pair<std::int64_t, std::string>> learned_;  // window's begin and domain; time: ""
};

}  // namespace joulebook::attribution
