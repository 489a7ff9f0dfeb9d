#include "sensor/process_finder.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "core/text.h"

namespace joulebook {
namespace {

constexpr std::string_view kListen = "0A";

std::vector<std::string_view> words(std::string_view line) {
  auto parts = split(line, ' ');
  std::erase_if(parts, [](std::string_view part) { return part.empty(); });
  return parts;
}

std::optional<unsigned> parse_hex(std::string_view text) {
  unsigned value = 0;
  if (text.empty() || text.size() > 4) return std::nullopt;
  for (const char c : lower(text)) {
    const auto digit = std::string_view("0123456789abcdef").find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(digit);
  }
  return value;
}

// One network namespace: who is in it, and what it listens with.
struct Namespace {
  std::string link;       // "net:[4026531992]"
  std::string directory;  // "/proc/PID/net" of some member
  std::vector<int> pids;
};

// How docker-proxy says what it forwards to.
struct Forward {
  std::string address;
  std::uint16_t port = 0;
};

class Finder {
 public:
  Finder(const FileTree& files, std::uint16_t port) : files_(files), port_(port) {}

  Result<std::vector<int>> find() {
    read_processes();
    const auto own = listeners("/proc/net", port_);
    if (own.empty()) return elsewhere(port_, "");
    const std::vector<int> holders = holding(own, all_pids_);
    if (holders.empty()) return unseen();
    std::set<int> found;
    for (const int pid : holders) {
      if (!is_proxy(pid)) {
        found.insert(pid);
        continue;
      }
      const auto forward = forward_of(pid);
      const auto behind =
          elsewhere(forward ? forward->port : port_, forward ? forward->address : "");
      if (!behind) return behind;
      found.insert(behind->begin(), behind->end());
    }
    return std::vector<int>(found.begin(), found.end());
  }

 private:
  void read_processes() {
    std::map<std::string, Namespace> by_link;
    for (const std::string& name : files_.list("/proc").value_or(std::vector<std::string>{})) {
      const auto pid = parse_int(name);
      if (!pid || *pid <= 0) continue;
      all_pids_.push_back(static_cast<int>(*pid));
      const auto link = files_.link("/proc/" + name + "/ns/net");
      if (!link) continue;
      Namespace& space = by_link[*link];
      if (space.pids.empty()) space = {*link, "/proc/" + name + "/net", {}};
      space.pids.push_back(all_pids_.back());
    }
    std::sort(all_pids_.begin(), all_pids_.end());
    const auto own = files_.link("/proc/self/ns/net");
    for (auto& [link, space] : by_link) {
      if (!own || *own != link) others_.push_back(std::move(space));
    }
  }

  [[nodiscard]] std::set<std::uint64_t> listeners(const std::string& net,
                                                  std::uint16_t port) const {
    std::set<std::uint64_t> inodes;
    for (const char* table : {"/tcp", "/tcp6"}) {
      const auto text = files_.read(net + table);
      if (!text) continue;
      const auto some = listening_inodes(*text, port);
      inodes.insert(some.begin(), some.end());
    }
    return inodes;
  }

  // Which of the processes hold a descriptor of one of the sockets.
  [[nodiscard]] std::vector<int> holding(const std::set<std::uint64_t>& inodes,
                                         const std::vector<int>& pids) const {
    std::vector<int> holders;
    for (const int pid : pids) {
      const std::string folder = "/proc/" + std::to_string(pid) + "/fd";
      const auto descriptors = files_.list(folder).value_or(std::vector<std::string>{});
      if (std::any_of(descriptors.begin(), descriptors.end(), [&](const std::string& descriptor) {
            return is_one_of(files_.link(folder + "/" + descriptor), inodes);
          })) {
        holders.push_back(pid);
      }
    }
    return holders;
  }

  static bool is_one_of(const Result<std::string>& link, const std::set<std::uint64_t>& inodes) {
    if (!link || !link->starts_with("socket:[") || !link->ends_with("]")) return false;
    const auto inode = parse_uint(std::string_view(*link).substr(8, link->size() - 9));
    return inode && inodes.contains(*inode);
  }

  [[nodiscard]] std::vector<std::string> arguments(int pid) const {
    std::vector<std::string> list;
    const auto text = files_.read("/proc/" + std::to_string(pid) + "/cmdline");
    if (!text) return list;
    for (const std::string_view word : split(*text, '\0')) list.emplace_back(word);
    return list;
  }

  [[nodiscard]] bool is_proxy(int pid) const {
    const auto name = files_.read("/proc/" + std::to_string(pid) + "/comm");
    const std::string_view command = name ? trim(*name) : std::string_view{};
    return command == "docker-proxy" || command == "rootlessport" || command == "rootlesskit";
  }

  [[nodiscard]] std::optional<Forward> forward_of(int pid) const {
    Forward forward;
    const auto list = arguments(pid);
    for (std::size_t i = 0; i + 1 < list.size(); ++i) {
      if (list[i] == "-container-ip") forward.address = list[i + 1];
      if (list[i] == "-container-port") {
        forward.port = static_cast<std::uint16_t>(parse_uint(list[i + 1]).value_or(0));
      }
    }
    if (forward.port == 0) return std::nullopt;
    return forward;
  }

  // Whether the namespace has the address; not known counts as yes.
  [[nodiscard]] bool has_address(const Namespace& space, const std::string& address) const {
    if (address.empty()) return true;
    const bool six = address.find(':') != std::string::npos;
    const auto routes = files_.read(space.directory + "/fib_trie");
    return six || !routes || routes->find("|-- " + address + "\n") != std::string::npos;
  }

  // The holders in the one other namespace that listens on `port` and has `address`.
  [[nodiscard]] Result<std::vector<int>> elsewhere(std::uint16_t port,
                                                   const std::string& address) const {
    std::vector<std::vector<int>> candidates;
    bool hidden = false;
    for (const Namespace& space : others_) {
      const auto inodes = listeners(space.directory, port);
      if (inodes.empty() || !has_address(space, address)) continue;
      candidates.push_back(holding(inodes, space.pids));
      hidden = hidden || candidates.back().empty();
    }
    if (candidates.empty()) return nobody();
    if (candidates.size() > 1) return several(candidates.size());
    if (hidden) return unseen();
    return candidates.front();
  }

  [[nodiscard]] std::string who() const { return "port " + std::to_string(port_); }

  [[nodiscard]] tl::unexpected<Error> nobody() const {
    return fail(ErrorKind::no_reading, "process.none", "no process here listens on " + who(),
                "start the endpoint, check the port, or name its processes");
  }
  [[nodiscard]] tl::unexpected<Error> unseen() const {
    return fail(ErrorKind::no_reading, "process.permission",
                "some process listens on " + who() + ", but this user may not see which",
                "run as the endpoint's user or as root (CAP_SYS_PTRACE is enough); in a container, "
                "add --pid=host");
  }
  [[nodiscard]] tl::unexpected<Error> several(std::size_t count) const {
    return fail(ErrorKind::no_reading, "process.ambiguous",
                std::to_string(count) + " containers could answer on " + who(),
                "name the endpoint's processes");
  }

  const FileTree& files_;
  std::uint16_t port_;
  std::vector<int> all_pids_;
  std::vector<Namespace> others_;
};

// The parent of a process, from the text of its stat: the command's name may hold anything.
std::optional<int> parent_of(std::string_view stat) {
  const std::size_t close = stat.rfind(')');
  if (close == std::string_view::npos) return std::nullopt;
  const auto rest = words(stat.substr(close + 1));
  const auto parent = rest.size() > 1 ? parse_int(rest[1]) : std::nullopt;
  return parent ? std::optional(static_cast<int>(*parent)) : std::nullopt;
}

}  // namespace

std::vector<std::uint64_t> listening_inodes(std::string_view table, std::uint16_t port) {
  std::vector<std::uint64_t> inodes;
  for (const std::string_view line : split(table, '\n')) {
    const auto fields = words(line);
    if (fields.size() < 10 || fields[3] != kListen) continue;
    const std::size_t colon = fields[1].rfind(':');
    if (colon == std::string_view::npos || parse_hex(fields[1].substr(colon + 1)) != port) continue;
    if (const auto inode = parse_uint(fields[9]); inode && *inode > 0) inodes.push_back(*inode);
  }
  return inodes;
}

Result<std::vector<int>> pids_listening_on(const FileTree& files, std::uint16_t port) {
  return Finder(files, port).find();
}

std::vector<int> descendants(const FileTree& files, std::span<const int> roots) {
  std::multimap<int, int> children;
  std::set<int> alive;
  for (const std::string& name : files.list("/proc").value_or(std::vector<std::string>{})) {
    const auto pid = parse_int(name);
    const auto stat = pid ? files.read("/proc/" + name + "/stat") : fail({});
    const auto parent = stat ? parent_of(*stat) : std::nullopt;
    if (!parent) continue;
    alive.insert(static_cast<int>(*pid));
    children.emplace(*parent, static_cast<int>(*pid));
  }
  std::set<int> tree;
  std::vector<int> pending(roots.begin(), roots.end());
  while (!pending.empty()) {
    const int pid = pending.back();
    pending.pop_back();
    if (!alive.contains(pid) || !tree.insert(pid).second) continue;
    const auto [first, last] = children.equal_range(pid);
    for (auto child = first; child != last; ++child) pending.push_back(child->second);
  }
  return {tree.begin(), tree.end()};
}

}  // namespace joulebook
