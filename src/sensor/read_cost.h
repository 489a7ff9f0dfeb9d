#pragma once
// What one reading of a sensor costs, and how often the meter therefore takes one.
#include <joulebook/units.h>

#include <string>

namespace joulebook {

struct ReadCost {
  // CPU time of the thread that reads, the median of at most five readings; 0: not known, none could be taken.
  Nanos each{0};
  Nanos interval{0};       // between two readings while no edge of a window is near
  bool elsewhere = false;  // a poller of the sensor's own takes them, at a pace of its own: `each` and `interval` say nothing
};

// "12.3 µs", "3.1 ms", "1.2 s".
[[nodiscard]] std::string short_time(Nanos span);

}  // namespace joulebook
