#pragma once
// Who settles: a thread that gets only what the machine leaves over, so that nothing that it does holds
// traffic up; and, while that falls too far behind (backlog.h), the thread that owns this, which the
// machine does not pass over. A thread that was set back to what is left over may not be raised again by
// an ordinary user: that is why there are two. They never settle at once.
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "gateway/backlog.h"

namespace joulebook::gateway {

class SettlingTurns {
 public:
  struct Parts {
    std::function<bool()> settle;       // a bounded part of what is due; whether more is due at once
    std::function<Backlog()> backlog;   // from any thread
    std::function<void()> step_back;    // on the other thread, first: it is to get what is left over
  };
  SettlingTurns(Parts parts, Pressure::Marks marks);
  ~SettlingTurns() { stop(); }
  SettlingTurns(const SettlingTurns&) = delete;
  SettlingTurns& operator=(const SettlingTurns&) = delete;

  // Now and then, by the owner: something may be due. Settles here where that is to be hurried, for no
  // longer than a tenth of a second or one part, and says whether more is due at once; else returns at
  // once.
  bool tick();
  // The other thread ends with the part that it is at; from here on the owner settles alone.
  void stop();
  [[nodiscard]] bool hurries() const { return hurry_; }

 private:
  void leftover();

  Parts parts_;
  Pressure pressure_;  // the owner's
  std::mutex turn_;    // held by who settles
  std::mutex mutex_;   // guards what follows
  std::condition_variable wake_;
  bool due_ = false;
  bool stop_ = false;
  std::atomic<bool> hurry_{false};
  std::thread thread_;
};

}  // namespace joulebook::gateway
