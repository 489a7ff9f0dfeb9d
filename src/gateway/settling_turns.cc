#include "gateway/settling_turns.h"

#include <chrono>
#include <utility>

namespace joulebook::gateway {
namespace {

constexpr auto kLongest = std::chrono::milliseconds(100);

}  // namespace

SettlingTurns::SettlingTurns(Parts parts, Pressure::Marks marks)
    : parts_(std::move(parts)), pressure_(marks), thread_([this] { leftover(); }) {}

bool SettlingTurns::tick() {
  hurry_ = pressure_.next(parts_.backlog());
  if (!hurry_) {
    const std::lock_guard lock(mutex_);
    due_ = true;
    wake_.notify_one();
    return false;
  }
  // The other one is at a part: it sees that it is to stand back when that is done.
  const std::unique_lock turn(turn_, std::try_to_lock);
  if (!turn.owns_lock()) return false;
  const auto until = std::chrono::steady_clock::now() + kLongest;
  bool more = true;
  while (more && hurry_ && std::chrono::steady_clock::now() < until) {
    more = parts_.settle();
    hurry_ = pressure_.next(parts_.backlog());
  }
  return more && hurry_;
}

void SettlingTurns::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void SettlingTurns::leftover() {
  parts_.step_back();
  bool more = false;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stop_ || due_ || (more && !hurry_); });
      if (stop_) return;
      due_ = false;
    }
    const std::lock_guard turn(turn_);
    more = !hurry_ && parts_.settle();
  }
}

}  // namespace joulebook::gateway
