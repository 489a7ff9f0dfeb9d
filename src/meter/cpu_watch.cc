#include "meter/cpu_watch.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>

#include "core/text.h"
#include "sensor/model/busy_time.h"

namespace joulebook {
namespace {

std::optional<double> read_clock(clockid_t clock) {
  timespec ts{};
  if (clock_gettime(clock, &ts) != 0) return std::nullopt;
  return static_cast<double>(ts.tv_sec) + static_cast<double>(ts.tv_nsec) * 1e-9;
}

constexpr double kClockCost = 1e-6;  // s of CPU time to read one clock, on a slow virtual machine

// CPU seconds of the calling thread.
double own_cpu() { return read_clock(CLOCK_THREAD_CPUTIME_ID).value_or(0); }

}  // namespace

CpuWatch::CpuWatch(const Clock& clock, std::shared_ptr<const FileTree> files)
    : clock_(clock), files_(std::move(files)), live_(files_->root().empty()) {
  const long ticks = sysconf(_SC_CLK_TCK);
  if (ticks > 0) jiffy_ = 1.0 / static_cast<double>(ticks);
  const auto text = files_->read("/proc/stat");
  const auto stat = text ? parse_machine_stat(*text) : std::nullopt;
  if (stat) hardware_threads_ = stat->threads;
}

void CpuWatch::register_thread() {
  clockid_t clock{};
  if (pthread_getcpuclockid(pthread_self(), &clock) == 0) register_thread(clock);
}

void CpuWatch::register_thread(clockid_t clock) {
  const std::lock_guard lock(mutex_);
  threads_.push_back({clock});
}

void CpuWatch::watch(std::vector<int> pids) {
  const std::lock_guard lock(mutex_);
  std::erase_if(tree_, [&](const auto& item) {
    return item.second.root && std::find(pids.begin(), pids.end(), item.first) == pids.end();
  });
  std::vector<int> fresh;
  for (const int pid : pids) {
    const auto stat = tree_.contains(pid) ? std::nullopt : stat_of(pid);
    if (!stat) continue;  // one that cannot be seen is unknown, not idle
    enter(pid, *stat, true, true);
    watching_ = true;
    fresh.push_back(pid);
  }
  adopt_children(std::move(fresh), true);
}

std::optional<CpuWatch::Stat> CpuWatch::stat_of(int pid) const {
  const auto line = files_->read("/proc/" + std::to_string(pid) + "/stat");
  const auto stat = line ? parse_proc_stat(*line) : std::nullopt;
  if (!stat) return std::nullopt;
  const auto own = live_ ? clock_of(pid) : std::nullopt;
  return Stat{stat->parent, stat->born, own.value_or(static_cast<double>(stat->utime + stat->stime) * jiffy_),
              static_cast<double>(stat->cutime + stat->cstime) * jiffy_};
}

std::optional<double> CpuWatch::clock_of(int pid) const {
  clockid_t clock{};
  if (clock_getcpuclockid(pid, &clock) != 0) return std::nullopt;
  return read_clock(clock);
}

bool CpuWatch::ours(int pid) const { return live_ && pid == ::getpid(); }

void CpuWatch::enter(int pid, const Stat& stat, bool root, bool from_now) {
  Process process;
  process.parent = stat.parent;
  process.born = stat.born;
  process.root = root;
  process.own = stat.own;
  process.children = stat.children;
  if (from_now) {
    process.base = stat.own;
    process.children0 = stat.children;
  }
  tree_.emplace(pid, process);
}

void CpuWatch::bury(int pid) {
  const auto it = tree_.find(pid);
  const double spent = it->second.total();
  const auto parent = tree_.find(it->second.parent);
  if (parent != tree_.end() && parent->first != pid) {
    // What it spent before us will be in its parent's cutime, too, once it was waited for.
    parent->second.children0 += it->second.base + it->second.children0;
    parent->second.dead += spent;
    if (const auto stat = stat_of(parent->first)) {
      parent->second.children = std::max(parent->second.children, stat->children);
    }
  } else {
    gone_ += spent;
  }
  tree_.erase(it);
}

// /proc/PID/task/TID/children, where the kernel has it: only the tree is walked. Empty: it has not.
std::optional<std::vector<int>> CpuWatch::children_of(int pid) const {
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  const auto threads = files_->list(tasks);
  if (!threads) return std::nullopt;
  std::vector<int> out;
  for (const auto& thread : *threads) {
    const auto text = files_->read(tasks + "/" + thread + "/children");
    if (!text && text.error().code == "file.missing" && threads->size() == 1) return std::nullopt;
    if (!text) continue;
    for (const auto word : split(trim(*text), ' ')) {
      if (const auto child = parse_int(word)) out.push_back(static_cast<int>(*child));
    }
  }
  return out;
}

// Every process of the machine, by its parent: where there are no lists of children.
void CpuWatch::adopt_all(bool from_now) {
  const auto names = files_->list("/proc");
  if (!names) return;
  std::map<int, Stat> all;
  for (const auto& name : *names) {
    const auto pid = parse_int(name);
    if (!pid || ours(static_cast<int>(*pid)) || tree_.contains(static_cast<int>(*pid))) continue;
    if (const auto stat = stat_of(static_cast<int>(*pid))) all.emplace(*pid, *stat);
  }
  for (bool grew = true; grew;) {
    grew = false;
    for (const auto& [pid, stat] : all) {
      if (tree_.contains(pid) || !tree_.contains(stat.parent)) continue;
      enter(pid, stat, false, from_now);
      grew = true;
    }
  }
}

void CpuWatch::adopt_children(std::vector<int> open, bool from_now) {
  while (!open.empty()) {
    const int pid = open.back();
    open.pop_back();
    const auto children = children_of(pid);
    if (!children) {
      if (tree_.contains(pid) && files_->exists("/proc/" + std::to_string(pid))) {
        adopt_all(from_now);
      }
      continue;
    }
    for (const int child : *children) {
      const auto stat = ours(child) || tree_.contains(child) ? std::nullopt : stat_of(child);
      if (!stat) continue;
      enter(child, *stat, false, from_now);
      open.push_back(child);
    }
  }
}

void CpuWatch::refresh_tree() {
  std::vector<int> ended;
  for (auto& [pid, process] : tree_) {
    const auto stat = stat_of(pid);
    if (!stat || stat->born != process.born) {  // gone, or another under its number
      ended.push_back(pid);
      continue;
    }
    process.own = std::max(process.own, stat->own);
    process.children = std::max(process.children, stat->children);
  }
  // Children before their parents, as far as pids tell: newer processes have greater ones.
  for (auto it = ended.rbegin(); it != ended.rend(); ++it) bury(*it);
  std::vector<int> all;
  for (const auto& item : tree_) all.push_back(item.first);
  adopt_children(std::move(all), false);
}

double CpuWatch::self_seconds() {
  double sum = 0;
  for (auto& thread : threads_) {
    if (!thread.ended) {
      const auto now = read_clock(thread.clock);
      thread.ended = !now;
      thread.seconds = std::max(thread.seconds, now.value_or(0));
    }
    sum += thread.seconds;
  }
  return sum;
}

double CpuWatch::tree_seconds() {
  if (!watching_) return -1;
  double sum = gone_;
  for (auto& [pid, process] : tree_) {
    if (live_) process.own = std::max(process.own, clock_of(pid).value_or(0));
    sum += process.total();
  }
  return sum;
}

double CpuWatch::machine_seconds() {
  if (!stat_) {
    auto kept = files_->keep("/proc/stat");
    if (!kept) return -1;
    stat_ = std::move(*kept);
  }
  char buffer[512];  // the first line has at most ten numbers of 20 digits
  const auto size = stat_->read(buffer, sizeof buffer);
  const auto busy = size ? busy_ticks({buffer, *size}) : std::nullopt;
  return busy ? static_cast<double>(*busy) * jiffy_ : -1;
}

CpuSample CpuWatch::sample(bool fresh) {
  const std::lock_guard lock(mutex_);
  const SteadyTime now = clock_.now();
  CpuSample out{.at = now};
  if (fresh || refresh_.due(now)) {
    const double before = own_cpu();
    if (watching_) refresh_tree();
    out.machine = machine_seconds();
    refresh_.done(now, own_cpu() - before);
  }
  out.tree = tree_seconds();
  out.self = self_seconds();
  clocks_.done(now, kClockCost * static_cast<double>(tree_.size() + threads_.size()));
  return out;
}

}  // namespace joulebook
