#include "meter/target.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/text.h"
#include "meter/cpu_watch.h"
#include "sensor/process_finder.h"

namespace joulebook {
namespace {

constexpr const char* kFindCure = "ps -e lists what runs; pgrep -a NAME finds it by name";

std::string folder_of(int pid) { return "/proc/" + std::to_string(pid); }

// Empty where it is gone or a zombie.
std::optional<ProcStat> living(const FileTree& files, int pid) {
  const auto line = files.read(folder_of(pid) + "/stat");
  auto stat = line ? parse_proc_stat(*line) : std::nullopt;
  if (stat && (stat->state == 'Z' || stat->state == 'X')) return std::nullopt;
  return stat;
}

bool hidden(const FileTree& files, int pid) {
  return files.root().empty() && ::kill(pid, 0) != 0 && errno == EPERM;
}

// This very process is alive, whatever a tree under a sysroot shows of it.
bool asks_itself(int pid) { return pid == ::getpid(); }

Result<WatchedProcess> look_up(const FileTree& files, int pid) {
  if (pid <= 0) {
    return fail(ErrorKind::usage, "process.gone", fmt::format("{} is no process number", pid),
                kFindCure);
  }
  const auto stat = living(files, pid);
  if (!stat && asks_itself(pid)) return WatchedProcess{pid, "", 0, {}};
  if (!stat && hidden(files, pid)) {
    return fail(ErrorKind::no_reading, "process.permission",
                fmt::format("process {} belongs to another user and is hidden from this one", pid),
                "run as its user or as root: /proc is mounted with hidepid");
  }
  if (!stat) {
    return fail(ErrorKind::input, "process.gone",
                fmt::format("there is no process {}, or it has ended", pid), kFindCure);
  }
  const std::string name = files.read(folder_of(pid) + "/comm").value_or("");
  return WatchedProcess{pid, std::string(trim(name)), stat->born, {}};
}

}  // namespace

std::vector<int> Target::pids() const {
  std::vector<int> out;
  for (const auto& process : processes) out.push_back(process.pid);
  return out;
}

std::size_t Target::alive() const {
  return static_cast<std::size_t>(std::count_if(processes.begin(), processes.end(),
                                                [](const auto& p) { return !p.ended; }));
}

Result<Target> find_target(const FileTree& files, const SessionOptions& options) {
  const int asked = int{!options.pids.empty()} + int{options.port != 0} + int{options.all};
  if (asked > 1) {
    return fail(ErrorKind::usage, "target.many", "pids, a port and the machine exclude each other",
                "name one of them");
  }
  Target target;
  std::vector<int> pids = options.pids;
  if (options.all) target.kind = "all";
  if (!pids.empty()) target.kind = "pids";
  if (options.port != 0) {
    target.kind = "port";
    target.port = options.port;
    auto found = pids_listening_on(files, static_cast<std::uint16_t>(options.port));
    if (!found) return fail(found.error());
    pids = std::move(*found);
  }
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  for (const int pid : pids) {
    auto process = look_up(files, pid);
    if (!process) return fail(process.error());
    target.processes.push_back(std::move(*process));
  }
  return target;
}

void note_ended(Target& target, const FileTree& files, SteadyTime now) {
  for (auto& process : target.processes) {
    if (process.ended || asks_itself(process.pid)) continue;
    const auto stat = living(files, process.pid);
    if (!stat || stat->born != process.born) process.ended = now;
  }
}

Json to_json(const Target& target) {
  Json processes = Json::array();
  for (const auto& p : target.processes) {
    processes.push(Json::object(
        {{"pid", p.pid}, {"name", p.name}, {"ended_ns", p.ended ? Json(p.ended->ns) : Json()}}));
  }
  return Json::object({{"kind", target.kind},
                       {"port", target.port != 0 ? Json(target.port) : Json()},
                       {"processes", std::move(processes)}});
}

Target target_from_json(const Json& json) {
  Target target;
  target.kind = json["kind"].as_string();
  target.port = static_cast<int>(json["port"].as_int());
  for (const auto& item : json["processes"].items()) {
    WatchedProcess process;
    process.pid = static_cast<int>(item["pid"].as_int());
    process.name = item["name"].as_string();
    if (!item["ended_ns"].is_null()) process.ended = SteadyTime{item["ended_ns"].as_int()};
    target.processes.push_back(std::move(process));
  }
  return target;
}

}  // namespace joulebook
