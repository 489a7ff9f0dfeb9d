#pragma once
// Cuts a study's time into windows that tile, meters each once its end is settled, and keeps the
// settlements until a ledger row takes them along. Nothing between two edges is ever left out.
#include <limits>
#include <string>
#include <vector>

#include "meter/meter.h"
#include "study/settle.h"

namespace joulebook {

class Timeline {
 public:
  // Begins at `meter.now()`. The meter is started and outlives the timeline.
  explicit Timeline(Meter& meter) : meter_(meter), edge_(meter.now()) {}

  // Closes [edge, end) and posts what is above idle to `work` (empty: "unattributed").
  // REQUIRES: end >= edge().
  WindowEnergy close(std::string name, SteadyTime end, const std::string& work);
  // The same for a window of silence: all of it to `account`, whose floors hold from now on.
  WindowEnergy close_silence(std::string name, SteadyTime end, const std::string& account);

  // Waits for what closes `t`: windows that end by then are closed without waiting again.
  void settle(SteadyTime t);

  [[nodiscard]] SteadyTime edge() const { return edge_; }
  [[nodiscard]] std::vector<Settlement> take() { return std::exchange(pending_, {}); }

 private:
  WindowEnergy read(std::string name, SteadyTime end);
  void add(std::vector<Settlement> settlements);

  Meter& meter_;
  SteadyTime edge_;
  SteadyTime settled_{std::numeric_limits<std::int64_t>::min()};
  Floors floors_;
  std::vector<Settlement> pending_;
};

}  // namespace joulebook
