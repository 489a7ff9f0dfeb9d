#pragma once
// Long work that makes room. A thread with nothing but what the machine leaves over (SCHED_IDLE) keeps a core from
// falling idle, and it is there that the kernel looks for who waits behind another on a busy core: with two cores,
// others waited up to a slice (3 ms) beside such a thread. One that rests a little, often, leaves them that moment.
#include <functional>

#include "core/clock.h"

namespace joulebook {

// In the loops of long work, by whatever thread: one that asked for it (Breath) rests here once it has worked long
// enough; others go on at once. With no lock held that others wait for.
void breathe();

// The thread that made it rests now and then, as long as it lives; one a thread. `clock` outlives it.
class Breath {
 public:
  // `rest` after `work` since the newest rest.
  Breath(const Clock& clock, Nanos work, std::function<void()> rest);
  ~Breath();
  Breath(const Breath&) = delete;
  Breath& operator=(const Breath&) = delete;

 private:
  friend void breathe();
  const Clock& clock_;
  Nanos work_;
  std::function<void()> rest_;
  SteadyTime since_;
};

}  // namespace joulebook
