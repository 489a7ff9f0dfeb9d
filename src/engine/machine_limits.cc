#include "engine/machine_limits.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <set>
#include <string>

#include "core/text.h"

namespace joulebook {
namespace {

constexpr std::uint64_t kKilo = 1024;

// The number after "Name:" in a file of lines such as /proc/meminfo, in its own unit.
std::optional<std::uint64_t> field(std::string_view file, std::string_view name, char after) {
  for (auto line : split(file, '\n')) {
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != after) {
      continue;
    }
    auto rest = trim(line.substr(name.size() + 1));
    return parse_uint(rest.substr(0, rest.find(' ')));
  }
  return std::nullopt;
}

std::optional<std::uint64_t> field(const FileTree& files, const std::string& path,
                                   std::string_view name, char after = ':') {
  const auto text = files.read(path);
  return text ? field(*text, name, after) : std::nullopt;
}

std::optional<std::uint64_t> number(const FileTree& files, const std::string& path) {
  const auto text = files.read(path);
  return text ? parse_uint(trim(*text)) : std::nullopt;
}

// The folders of this process' control group (version 2) and of all above it.
std::vector<std::string> group_folders(const FileTree& files) {
  std::vector<std::string> out = {"/sys/fs/cgroup"};
  const auto text = files.read("/proc/self/cgroup");
  if (!text) return out;
  for (const auto line : split(*text, '\n')) {
    if (!line.starts_with("0::/")) continue;
    std::string folder = "/sys/fs/cgroup";
    for (const auto part : split(line.substr(4), '/')) {
      if (part.empty() || part == "..") continue;
      folder += "/" + std::string(part);
      out.push_back(folder);
    }
  }
  return out;
}

// "max 100000" or "150000 100000".
std::optional<double> quota_v2(const FileTree& files, const std::string& folder) {
  const auto text = files.read(folder + "/cpu.max");
  if (!text) return std::nullopt;
  const auto parts = split(trim(*text), ' ');
  if (parts.size() != 2) return std::nullopt;
  const auto quota = parse_double(parts[0]);
  const auto period = parse_double(parts[1]);
  if (!quota || !period || *period <= 0) return std::nullopt;
  return *quota / *period;
}

std::optional<double> cpu_quota(const FileTree& files) {
  std::optional<double> least;
  for (const auto& folder : group_folders(files)) {
    const auto quota = quota_v2(files, folder);
    if (quota && (!least || *quota < *least)) least = quota;
  }
  const auto quota = number(files, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  const auto period = number(files, "/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  if (!least && quota && period && *period > 0) {
    least = static_cast<double>(*quota) / static_cast<double>(*period);
  }
  return least;
}

std::uint64_t left(std::uint64_t limit, std::uint64_t used) {
  return limit > used ? limit - used : 0;
}

std::optional<std::uint64_t> group_memory(const FileTree& files, const std::string& folder) {
  const auto limit = number(files, folder + "/memory.max");
  const auto used = number(files, folder + "/memory.current");
  if (!limit || !used) return std::nullopt;
  const auto cache = field(files, folder + "/memory.stat", "inactive_file", ' ').value_or(0);
  return left(*limit, left(*used, cache));
}

std::optional<std::uint64_t> least_of(std::optional<std::uint64_t> a,
                                      std::optional<std::uint64_t> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

std::optional<std::uint64_t> limit_left(int resource, std::uint64_t used) {
  rlimit limit{};
  if (getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) return std::nullopt;
  if (limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return left(limit.rlim_cur, used);
}

}  // namespace

std::vector<int> usable_cpus() {
  cpu_set_t set;
  std::vector<int> out;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return {0};
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) out.push_back(cpu);
  }
  return out;
}

int usable_cores(const FileTree& files, const std::vector<int>& cpus) {
  std::set<std::string> cores;
  for (const int cpu : cpus) {
    const auto siblings =
        files.read(fmt::format("/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list", cpu));
    cores.insert(siblings ? std::string(trim(*siblings)) : fmt::format("cpu{}", cpu));
  }
  const auto quota = cpu_quota(files);
  const auto count = static_cast<double>(cores.size());
  return std::max(1, static_cast<int>(quota ? std::min(*quota, count) : count));
}

std::optional<std::uint64_t> available_memory(const FileTree& files) {
  auto least = field(files, "/proc/meminfo", "MemAvailable");
  if (least) *least *= kKilo;
  for (const auto& folder : group_folders(files)) {
    least = least_of(least, group_memory(files, folder));
  }
  const auto limit = number(files, "/sys/fs/cgroup/memory/memory.limit_in_bytes");
  const auto used = number(files, "/sys/fs/cgroup/memory/memory.usage_in_bytes");
  if (limit && used) least = least_of(least, left(*limit, *used));
  return least;
}

std::optional<std::uint64_t> address_space_left(const FileTree& files) {
  const std::string status = "/proc/self/status";
  const auto size = field(files, status, "VmSize").value_or(0) * kKilo;
  const auto data = field(files, status, "VmData").value_or(0) * kKilo;
  return least_of(limit_left(RLIMIT_AS, size), limit_left(RLIMIT_DATA, data));
}

}  // namespace joulebook
