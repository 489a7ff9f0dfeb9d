#include "core/process_memory.h"

#include <vector>

#include "core/text.h"

namespace joulebook {
namespace {

constexpr std::size_t kMostProcesses = 4096;  // of a tree; more are not looked at

// A line of /proc/PID/status that gives kB.
std::int64_t status_bytes(const FileTree& files, const std::string& pid, std::string_view key) {
  const auto text = files.read("/proc/" + pid + "/status");
  if (!text) return 0;
  for (const auto line : split(*text, '\n')) {
    if (!line.starts_with(key)) continue;
    const auto value = trim(line.substr(key.size()));
    return static_cast<std::int64_t>(parse_uint(value.substr(0, value.find(' '))).value_or(0)) * 1024;
  }
  return 0;
}

void add_children(const FileTree& files, const std::string& pid, std::vector<std::string>& tree) {
  const std::string tasks = "/proc/" + pid + "/task";
  const auto threads = files.list(tasks);
  if (!threads) return;
  for (const auto& thread : *threads) {
    const auto text = files.read(tasks + "/" + thread + "/children");
    if (!text) continue;
    for (const auto word : split(trim(*text), ' ')) {
      if (parse_uint(word)) tree.emplace_back(word);
    }
  }
}

}  // namespace

std::int64_t peak_resident_bytes(const FileTree& files, const std::string& pid) {
  return status_bytes(files, pid, "VmHWM:");
}

std::int64_t resident_bytes_of_tree(const FileTree& files, int pid) {
  std::vector<std::string> tree{std::to_string(pid)};
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < tree.size() && tree.size() < kMostProcesses; ++i) {
    sum += status_bytes(files, tree[i], "VmRSS:");
    const std::string parent = tree[i];  // the list grows
    add_children(files, parent, tree);
  }
  return sum;
}

}  // namespace joulebook
