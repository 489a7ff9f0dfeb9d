#include "study/stopping.h"

#include <algorithm>
#include <string_view>

namespace joulebook {

const char* StoppingRule::verdict(int rounds, double half_width, double elapsed_s) const {
  if (rounds < spec_.min_rounds) return "continue";
  if (half_width <= spec_.target) return "narrow enough";
  if (rounds >= spec_.max_rounds) return "out of rounds";
  if (elapsed_s + longest_s_ > spec_.max_seconds) return "out of time";
  return "continue";
}

Look StoppingRule::look(int rounds, double half_width, double elapsed_s) {
  const double before_s = looks_.empty() ? 0 : looks_.back().elapsed_s;
  const int before = looks_.empty() ? 0 : looks_.back().rounds;
  // A resumed study may look for the first time after several rounds.
  const double each_s = (elapsed_s - before_s) / std::max(1, rounds - before);
  longest_s_ = std::max(longest_s_, each_s);
  const char* word = verdict(rounds, half_width, elapsed_s);
  done_ = std::string_view(word) != "continue";
  looks_.push_back({rounds, half_width, elapsed_s, word});
  return looks_.back();
}

}  // namespace joulebook
