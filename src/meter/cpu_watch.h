#pragma once
// CPU time of Joulebook's own threads, of the watched process tree and of the machine.
//
//   self     CLOCK_THREAD_CPUTIME of each registered thread, by its clock; a thread that ended
//            keeps its last value (error: what it spent since the round before, at most a period)
//   tree     CPU clock of each live process of the tree, plus what ended descendants spent. An
//            ended child is credited with its last known value, or through its parent's cutime and
//            cstime once it was waited for, whichever is more. The tree is read anew from
//            /proc/PID/stat at most every kRefresh, so a child that lives shorter than that is
//            seen only through its parent's cutime (which has the resolution of a jiffy, 10 ms).
//            Error: at most a refresh of CPU time of each child that ends unwaited for. Under a
//            sysroot every process is read from its /proc/PID/stat, to a jiffy. What a process and
//            its descendants spent before they were watched does not count, nor, where it hangs in
//            the tree without being a root, this process itself. One whose parent ended stays in
//            the tree; one that was born and orphaned between two looks is not seen.
//            All of this is read so seldom that it costs at most a thousandth of one core, but the
//            clocks at least every 100 ms and the tree every second
//   machine  busy CPU time of /proc/stat (user, nice, system, irq, softirq; steal is left out, as
//            the busy-time sensor leaves it out), to a jiffy; read
//            with the tree, not read (-1) in the rounds between
//
// No allocation in sample() but when the tree is read anew.
//
// Threads: register_thread and watch from any; sample from one.
#include <time.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "core/clock.h"
#include "core/file_tree.h"
#include "meter/core.h"

namespace joulebook {

// When something that costs CPU time may be done again: so seldom that it takes a thousandth of one
// core, within limits.
class Pace {
 public:
  Pace(Nanos least, Nanos most) : least_(least), most_(most) {}
  [[nodiscard]] bool due(SteadyTime now) const { return now >= next_; }
  // It was done at `now` and took `cost` seconds of CPU time.
  void done(SteadyTime now, double cost) {
    const Nanos rest(static_cast<std::int64_t>(cost * kShare * 1e9));
    next_ = now + std::clamp(rest, least_, most_);
  }

 private:
  static constexpr double kShare = 1000;
  Nanos least_;
  Nanos most_;
  SteadyTime next_{0};
};

class CpuWatch {
 public:
  static constexpr Nanos kRefresh = std::chrono::milliseconds(100);
  // Shorter than the meter's usual period of 10 ms, so that there each round has them.
  static constexpr Nanos kClocks = std::chrono::milliseconds(8);

  CpuWatch(const Clock& clock, std::shared_ptr<const FileTree> files);

  // The calling thread counts as Joulebook's own from now on.
  void register_thread();
  // The same of another, by its CPU clock.
  void register_thread(clockid_t clock);
  // Whose descendants to follow, from what they have spent by now. Empty: nobody's.
  void watch(std::vector<int> pids);
  // All three, at the clock's now; what is not due is -1. `fresh`: read everything whatever the
  // time.
  [[nodiscard]] CpuSample sample(bool fresh);
  // Whether sample(false) would read anything at `now`.
  [[nodiscard]] bool due(SteadyTime now) const { return clocks_.due(now); }
  [[nodiscard]] int hardware_threads() const { return hardware_threads_; }

 private:
  struct Thread {
    clockid_t clock = 0;
    double seconds = 0;
    bool ended = false;
  };
  struct Process {
    int parent = 0;
    bool root = false;
    std::uint64_t born = 0;
    double own = 0;        // s, newest known
    double base = 0;       // s spent before it was watched
    double children = 0;   // s of ended children that were waited for, newest known
    double children0 = 0;  // likewise, before it was watched
    double dead = 0;       // s of children that we saw end

    [[nodiscard]] double total() const { return own - base + std::max(children - children0, dead); }
  };
  struct Stat {
    int parent = 0;
    std::uint64_t born = 0;
    double own = 0;
    double children = 0;
  };

  [[nodiscard]] std::optional<Stat> stat_of(int pid) const;
  [[nodiscard]] std::optional<double> clock_of(int pid) const;
  // From its birth, or, where it was there before us, from now on.
  void enter(int pid, const Stat& stat, bool root, bool from_now);
  [[nodiscard]] bool ours(int pid) const;
  [[nodiscard]] std::optional<std::vector<int>> children_of(int pid) const;
  void adopt_all(bool from_now);
  void adopt_children(std::vector<int> open, bool from_now);
  void refresh_tree();
  void bury(int pid);
  [[nodiscard]] double self_seconds();
  [[nodiscard]] double tree_seconds();
  [[nodiscard]] double machine_seconds();

  const Clock& clock_;
  std::shared_ptr<const FileTree> files_;
  bool live_ = true;  // the kernel's own clocks apply; no sysroot
  double jiffy_ = 0.01;
  int hardware_threads_ = 0;
  std::mutex mutex_;
  std::vector<Thread> threads_;
  std::map<int, Process> tree_;
  bool watching_ = false;
  double gone_ = 0;  // s of watched processes without a watched parent that ended
  std::unique_ptr<KeptFile> stat_;
  Pace clocks_{kClocks, std::chrono::milliseconds(100)};
  Pace refresh_{kRefresh, std::chrono::seconds(1)};
};

// The fields of /proc/PID/stat that matter. Nothing where the line is malformed. Exposed for tests.
struct ProcStat {
  char state = '?';
  int parent = 0;
  std::uint64_t utime = 0;
  std::uint64_t stime = 0;
  std::uint64_t cutime = 0;
  std::uint64_t cstime = 0;
  std::uint64_t born = 0;  // clock ticks since boot
};
[[nodiscard]] std::optional<ProcStat> parse_proc_stat(std::string_view line);
// Busy jiffies of the "cpu" line of /proc/stat and the number of "cpuN" lines.
struct MachineStat {
  std::uint64_t busy = 0;
  int threads = 0;
};
[[nodiscard]] std::optional<MachineStat> parse_machine_stat(std::string_view text);

}  // namespace joulebook
