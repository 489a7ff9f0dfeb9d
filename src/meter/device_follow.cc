#include "meter/device_follow.h"

#include <unistd.h>

#include <algorithm>

#include "sensor/process_finder.h"

namespace joulebook {
namespace {

constexpr std::chrono::milliseconds kFirst{10};
constexpr std::chrono::milliseconds kMost{1000};

}  // namespace

DeviceFollower::DeviceFollower(Look look, std::vector<std::string> named, Tell tell)
    : look_(std::move(look)), tell_(std::move(tell)) {
  if (!named.empty()) choice_.rule = DeviceChoice::Rule::named;
  choice_.named = std::move(named);
}

DeviceFollower::~DeviceFollower() { stop(); }

void DeviceFollower::start(std::function<void()> born) {
  if (thread_.joinable()) return;
  running_ = true;
  thread_ = std::thread([this, born = std::move(born)] {
    if (born) born();
    loop();
  });
}

void DeviceFollower::stop() {
  {
    const std::lock_guard lock(mutex_);
    running_ = false;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void DeviceFollower::watch(std::vector<int> roots) {
  {
    const std::lock_guard lock(mutex_);
    roots_ = std::move(roots);
    rest_ = kFirst;
  }
  wake_.notify_all();
}

void DeviceFollower::look() {
  const std::lock_guard looking(looking_);
  std::vector<int> roots;
  {
    const std::lock_guard lock(mutex_);
    roots = roots_;
  }
  if (roots.empty()) return;
  bool changed = merge(choice_.uses, look_(roots));
  if (choice_.rule == DeviceChoice::Rule::all) {
    choice_.rule = DeviceChoice::Rule::used;
    changed = true;
  }
  if (changed) tell_(choice_);
}

void DeviceFollower::loop() {
  std::unique_lock lock(mutex_);
  while (running_) {
    if (roots_.empty()) {
      wake_.wait(lock, [&] { return !running_ || !roots_.empty(); });
      continue;
    }
    const auto rest = rest_;
    if (wake_.wait_for(lock, rest, [&] { return !running_ || rest_ != rest; })) continue;
    rest_ = std::min(2 * rest_, kMost);
    lock.unlock();
    look();
    lock.lock();
  }
}

DeviceFollower::Look device_look(std::shared_ptr<const FileTree> files) {
  return [files = std::move(files)](const std::vector<int>& roots) {
    auto tree = descendants(*files, roots);
    const int own = ::getpid();
    if (files->root().empty() && std::find(roots.begin(), roots.end(), own) == roots.end()) {
      std::erase(tree, own);
    }
    auto uses = devices_used_by(*files, tree);
    if (tree.empty()) {
      for (auto& use : uses) use.evidence = "the processes had ended before anybody could look";
    }
    return uses;
  };
}

}  // namespace joulebook
