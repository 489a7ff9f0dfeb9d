#include "sensor/gpu/open_cards.h"

#include <algorithm>

#include "core/text.h"

namespace joulebook {
namespace {

// The inode that the kernel gives the first pid namespace (PROC_PID_INIT_INO).
constexpr std::string_view kFirstNamespace = "pid:[4026531836]";

template <class T>
void add_once(std::vector<T>& all, const T& one) {
  const auto at = std::lower_bound(all.begin(), all.end(), one);
  if (at == all.end() || *at != one) all.insert(at, one);
}

void add_client(std::vector<DrmClient>& clients, DrmClient client) {
  const bool known = std::any_of(clients.begin(), clients.end(), [&](const DrmClient& other) {
    return other.address == client.address && other.client == client.client;
  });
  if (!known) clients.push_back(std::move(client));
}

// N of "/dev/nvidia3"; /dev/nvidiactl and /dev/nvidia-uvm are no board.
std::optional<unsigned> nvidia_minor(std::string_view path) {
  constexpr std::string_view kPrefix = "/dev/nvidia";
  if (!path.starts_with(kPrefix)) return std::nullopt;
  const auto number = parse_uint(path.substr(kPrefix.size()));
  return number ? std::optional(static_cast<unsigned>(*number)) : std::nullopt;
}

}  // namespace

OpenCards open_cards(const FileTree& files, int pid) {
  OpenCards found{.pid = pid};
  const std::string folder = "/proc/" + std::to_string(pid);
  const auto descriptors = files.list(folder + "/fd");
  found.readable = descriptors.has_value();
  if (!descriptors) return found;
  for (const std::string& number : *descriptors) {
    const auto path = files.link(folder + "/fd/" + number);
    if (!path) continue;
    if (*path == "/dev/kfd") found.kfd = true;
    if (const auto minor = nvidia_minor(*path)) add_once(found.nvidia_minors, *minor);
    if (!path->starts_with("/dev/dri/")) continue;
    const std::string name = path->substr(std::string_view("/dev/dri/").size());
    const auto address = pci_behind(files, "/sys/class/drm/" + name);
    const auto text = files.read(folder + "/fdinfo/" + number);
    auto client = text ? parse_drm_client(*text) : std::nullopt;
    if (client && !client->address) client->address = address;
    if (address) add_once(found.drm, *address);
    if (client && client->address) {
      add_once(found.drm, *client->address);
      add_client(found.clients, std::move(*client));
    }
  }
  return found;
}

bool sees_host_pids(const FileTree& files) {
  // Kernel threads are numbered in the first namespace only.
  if (const auto second = files.read("/proc/2/comm"); second && trim(*second) == "kthreadd") {
    return true;
  }
  const auto own = files.link("/proc/self/ns/pid");
  return !own || *own == kFirstNamespace;
}

}  // namespace joulebook
