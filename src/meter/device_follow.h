#pragma once
// Watches which GPUs the measured processes use while they run: a server may open its context long
// after it was started. Looks after 10, 30, 70 ms and so on to a second, then each second, and
// whenever it is asked; the choice is the union over all looks.
//
// Threads: one of its own; the other calls from any. `tell` is called from the thread that looked.
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "meter/device_choice.h"

namespace joulebook {

class DeviceFollower {
 public:
  // What is known of each GPU for these processes and all that hang from them.
  using Look = std::function<std::vector<DeviceUse>(const std::vector<int>& roots)>;
  using Tell = std::function<void(const DeviceChoice&)>;

  // `named` (where any) decides the choice; the looks then only tell what is used.
  DeviceFollower(Look look, std::vector<std::string> named, Tell tell);
  ~DeviceFollower();
  DeviceFollower(const DeviceFollower&) = delete;
  DeviceFollower& operator=(const DeviceFollower&) = delete;

  // Starts the thread, which calls `born` first.
  void start(std::function<void()> born);
  void stop();
  // Whose devices; empty: nobody's. Does not look at once: a process between fork and exec still
  // holds what its parent held.
  void watch(std::vector<int> roots);
  void look();

 private:
  void loop();

  Look look_;
  Tell tell_;
  std::mutex looking_;  // one look at a time; guards what follows
  DeviceChoice choice_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::vector<int> roots_;
  std::chrono::milliseconds rest_{0};
  bool running_ = false;
  std::thread thread_;
};

// The look at this machine, or at the trees of a sysroot. Joulebook's own process is left out
// unless it is a root itself.
[[nodiscard]] DeviceFollower::Look device_look(std::shared_ptr<const FileTree> files);

}  // namespace joulebook
