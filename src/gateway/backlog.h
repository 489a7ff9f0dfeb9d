#pragma once
// How far settling is behind the traffic, and when that is too far: settling gives way to traffic, up to
// a bound.
#include <joulebook/units.h>

#include <cstddef>
#include <cstdint>

namespace joulebook::gateway {

// Facts that were told and are not taken yet.
struct Backlog {
  std::uint64_t requests = 0;  // that began among them
  std::uint64_t bytes = 0;
  Nanos age{0};  // of the oldest
};

// Whether settling is to be hurried: from the high mark on, until the low one is reached.
class Pressure {
 public:
  struct Marks {
    std::uint64_t high = 0;  // bytes
    std::uint64_t low = 0;
    Nanos oldest = std::chrono::seconds(10);  // at the high mark
    Nanos young = std::chrono::seconds(1);    // at the low mark
  };
  // A quarter of the bound, and a sixteenth.
  [[nodiscard]] static Marks of(std::uint64_t bound) { return {.high = bound / 4, .low = bound / 16}; }

  explicit Pressure(Marks marks) : marks_(marks) {}

  bool next(const Backlog& backlog) {
    if (backlog.bytes >= marks_.high || backlog.age >= marks_.oldest) hurry_ = true;
    if (backlog.bytes <= marks_.low && backlog.age <= marks_.young) hurry_ = false;
    return hurry_;
  }

 private:
  Marks marks_;
  bool hurry_ = false;
};

}  // namespace joulebook::gateway
