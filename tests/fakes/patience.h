#pragma once
// What is waited for on a machine however busy.
#include <chrono>
#include <thread>

namespace joulebook::fakes {

// Asks until it holds, a minute at most (and what the asking takes); whether it came to hold.
template <class Holds>
bool wait_for(Holds holds) {
  for (int i = 0; i < 1200; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

}  // namespace joulebook::fakes
