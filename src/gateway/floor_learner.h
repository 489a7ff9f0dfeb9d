#pragma once
// Learns what an engine that is loaded and idle draws, while nothing runs: the power of the newest
// silent windows, domain by domain. Their lower quartile, since what else may have run then only adds.
// Pure; not thread-safe.
#include <deque>
#include <map>
#include <string>

#include "meter/window.h"
#include "study/settle.h"

namespace joulebook::gateway {

class FloorLearner {
 public:
  static constexpr std::size_t kKept = 60;   // windows a domain
  static constexpr std::size_t kEnough = 2;  // before a floor is believed
  // Share of the machine's CPU time above which a window says nothing of the CPU side at rest: other
  // programs run.
  static constexpr double kMostBusy = 0.1;

  // A window in which no request was open and the engine said that it ran none.
  void silent(const WindowEnergy& window);
  // Any window: what it drew is at least what rest does.
  void seen(const WindowEnergy& window);
  // What is known of a window's domains at rest where nothing was learnt: calibrated or modelled.
  void known(const WindowEnergy& window);

  // The floors in force. What was learnt goes before what was known.
  [[nodiscard]] Floors floors() const;
  // W of a domain: the range of its silent windows' lower half, or the known floor's interval; one
  // that has none: from 0 to the least that a window of its drew, unbounded where there was none.
  [[nodiscard]] Interval within(const std::string& domain) const;
  [[nodiscard]] bool floor_known(const std::string& domain) const {
    return learnt(domain) || known_.contains(domain);
  }
  [[nodiscard]] bool learnt(const std::string& domain) const;

 private:
  std::map<std::string, std::deque<double>> watts_;
  std::map<std::string, Quantity> known_;  // W
  std::map<std::string, double> least_;    // W, of windows
};

}  // namespace joulebook::gateway
