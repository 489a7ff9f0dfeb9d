#include "study/timeline.h"

#include <iterator>

namespace joulebook {

void Timeline::settle(SteadyTime t) {
  if (t <= settled_) return;
  meter_.settle(t);
  settled_ = t;
}

WindowEnergy Timeline::read(std::string name, SteadyTime end) {
  settle(end);
  const Window window{std::move(name), edge_, end};
  edge_ = end;
  return meter_.energy(window);
}

void Timeline::add(std::vector<Settlement> settlements) {
  std::ranges::move(settlements, std::back_inserter(pending_));
}

WindowEnergy Timeline::close(std::string name, SteadyTime end, const std::string& work) {
  WindowEnergy energy = read(std::move(name), end);
  if (energy.window.begin < end) add(settle_window(energy, floors_, work));
  return energy;
}

WindowEnergy Timeline::close_silence(std::string name, SteadyTime end, const std::string& account) {
  WindowEnergy energy = read(std::move(name), end);
  if (energy.window.begin < end) {
    add(settle_whole(energy, account));
    floors_ = floors_of(energy, account);
  }
  return energy;
}

}  // namespace joulebook
