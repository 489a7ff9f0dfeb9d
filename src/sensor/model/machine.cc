#include "sensor/model/machine.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "core/text.h"
#include "sensor/cpu/cpu_topology.h"
#include "sensor/model/cpu_name.h"

namespace joulebook {
namespace {

using Field = std::pair<std::string_view, std::string_view>;

Field field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return {trim(line), {}};
  return {trim(line.substr(0, colon)), trim(line.substr(colon + 1))};
}

int small_int(std::string_view text, int fallback) {
  const auto value = parse_int(text);
  return value && *value >= 0 && *value < 1'000'000 ? static_cast<int>(*value) : fallback;
}

int hex_int(std::string_view text) {
  if (!text.starts_with("0x")) return small_int(text, -1);
  int value = 0;
  for (const char c : text.substr(2)) {
    const auto digit = std::string_view("0123456789abcdef").find(c);
    if (digit == std::string_view::npos || value > 0xFFFFFF) return -1;
    value = value * 16 + static_cast<int>(digit);
  }
  return value;
}

std::int64_t leading_kib(std::string_view text) {
  const auto value = parse_int(text.substr(0, text.find(' ')));
  return value.value_or(0);
}

// The names of arm64 server cores: implementer and part, from Arm's and the vendors' manuals as
// listed in Linux arch/arm64/include/asm/cputype.h.
struct ArmCore {
  std::string_view implementer;
  int part;
  std::string_view name;
};
constexpr std::array kArmCores = {
    ArmCore{"0x41", 0xd03, "ARM Cortex-A53"},  ArmCore{"0x41", 0xd08, "ARM Cortex-A72"},
    ArmCore{"0x41", 0xd0b, "ARM Cortex-A76"},  ArmCore{"0x41", 0xd0c, "ARM Neoverse-N1"},
    ArmCore{"0x41", 0xd40, "ARM Neoverse-V1"}, ArmCore{"0x41", 0xd49, "ARM Neoverse-N2"},
    ArmCore{"0x41", 0xd4f, "ARM Neoverse-V2"}, ArmCore{"0xc0", 0xac3, "Ampere-1"},
    ArmCore{"0xc0", 0xac4, "Ampere-1a"},
};

std::string arm_core_name(std::string_view implementer, int part) {
  for (const ArmCore& core : kArmCores)
    if (core.implementer == implementer && core.part == part) return std::string(core.name);
  return {};
}

struct CpuInfoScan {
  MachineDescription* machine = nullptr;
  std::string_view physical = "0";
  std::string_view implementer;
  std::set<std::string> cores;
  std::set<std::string> sockets;

  void line(std::string_view key, std::string_view value);
};

void CpuInfoScan::line(std::string_view key, std::string_view value) {
  MachineDescription& m = *machine;
  if (key == "processor") ++m.threads;
  if (key == "vendor_id") m.vendor = value;
  if (key == "cpu family") m.family = small_int(value, -1);
  if (key == "model") m.model = small_int(value, -1);
  if (key == "stepping") m.stepping = small_int(value, -1);
  if (key == "model name" && m.cpu.empty()) m.cpu = valid_utf8(value);
  if (key == "cache size") m.cache_kib = leading_kib(value);
  if (key == "physical id") sockets.insert(std::string(physical = value));
  if (key == "core id") cores.insert(std::string(physical) + "/" + std::string(value));
  if (key == "flags" && (" " + std::string(value) + " ").find(" hypervisor ") != std::string::npos)
    m.is_virtual = true;
  if (key == "CPU implementer") m.vendor = "arm:" + std::string(implementer = value);
  if (key == "CPU part") m.model = hex_int(value);
}

void scan_cpuinfo(std::string_view text, MachineDescription& machine) {
  CpuInfoScan scan{.machine = &machine};
  for (const std::string_view raw : split(text, '\n')) {
    const auto [key, value] = field(raw);
    scan.line(key, value);
  }
  machine.cores = static_cast<int>(scan.cores.size());
  machine.sockets = static_cast<int>(scan.sockets.size());
  if (machine.cpu.empty()) machine.cpu = arm_core_name(scan.implementer, machine.model);
}

std::int64_t memory_bytes(const FileTree& files) {
  const auto text = files.read("/proc/meminfo");
  if (!text) return 0;
  for (const std::string_view raw : split(*text, '\n')) {
    const auto [key, value] = field(raw);
    if (key == "MemTotal") return leading_kib(value) * 1024;
  }
  return 0;
}

std::string first_line(const FileTree& files, const std::string& path) {
  const auto text = files.read(path);
  if (!text) return {};
  return valid_utf8(trim(std::string_view(*text).substr(0, text->find('\n'))));
}

// Firmware vendors that are hypervisors; bare-metal vendors name themselves too, so only these
// decide. (systemd-detect-virt's table, in part.)
bool is_hypervisor(std::string_view vendor) {
  static constexpr std::array kNames = {
      "QEMU",      "KVM",       "VMware", "Xen",     "innotek",      "Amazon", "Google",
      "Parallels", "OpenStack", "Bochs",  "Alibaba", "DigitalOcean", "Hetzner"};
  return std::ranges::any_of(kNames, [&](const char* name) { return vendor.starts_with(name); });
}

void describe_host(const FileTree& files, MachineDescription& machine) {
  const std::string vendor = first_line(files, "/sys/class/dmi/id/sys_vendor");
  const std::string xen = first_line(files, "/sys/hypervisor/type");
  if (!xen.empty()) machine.hypervisor = xen;
  // Cloud bare-metal instances carry the cloud's vendor name too: on x86 only the flag decides.
  if (machine.family < 0 && is_hypervisor(vendor)) machine.is_virtual = true;
  if (machine.is_virtual && machine.hypervisor.empty()) machine.hypervisor = vendor;
  machine.os = first_line(files, "/proc/sys/kernel/ostype");
  machine.kernel = first_line(files, "/proc/sys/kernel/osrelease");
}

std::optional<double> ratio_of(std::string_view quota, std::string_view period) {
  const auto a = parse_double(trim(quota));
  const auto b = parse_double(trim(period));
  if (!a || !b || *a <= 0 || *b <= 0) return std::nullopt;
  return *a / *b;
}

// The root of the control group as this process sees it (inside a container: its own group).
void describe_cgroup(const FileTree& files, MachineDescription& machine) {
  const std::string max = first_line(files, "/sys/fs/cgroup/cpu.max");
  if (const auto parts = split(max, ' '); parts.size() == 2)
    machine.quota_cpus = ratio_of(parts[0], parts[1]);
  if (!machine.quota_cpus)
    machine.quota_cpus = ratio_of(first_line(files, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
                                  first_line(files, "/sys/fs/cgroup/cpu/cpu.cfs_period_us"));
  for (const char* path :
       {"/sys/fs/cgroup/cpuset.cpus.effective", "/sys/fs/cgroup/cpuset/cpuset.effective_cpus"}) {
    if (!machine.cpuset_threads) machine.cpuset_threads = count_cpu_list(first_line(files, path));
  }
}

void guess_generation(MachineDescription& machine) {
  machine.generation = parse_cpu_name(machine.cpu).generation;
  machine.generation_basis = machine.generation.empty() ? "" : "name";
  if (!machine.generation.empty()) return;
  machine.generation =
      generation_of(machine.vendor, machine.family, machine.model, machine.stepping);
  if (!machine.generation.empty()) machine.generation_basis = "family and model";
}

Json known(std::int64_t value, bool is_known) { return is_known ? Json(value) : Json(); }
Json known(const std::string& text) { return text.empty() ? Json() : Json(text); }

}  // namespace

std::optional<int> count_cpu_list(std::string_view list) {
  const auto cpus = parse_cpu_list(list);
  return cpus ? std::optional(static_cast<int>(cpus->size())) : std::nullopt;
}

MachineDescription describe_machine(const FileTree& files) {
  MachineDescription machine;
  if (const auto text = files.read("/proc/cpuinfo")) scan_cpuinfo(*text, machine);
  machine.memory_bytes = memory_bytes(files);
  describe_host(files, machine);
  describe_cgroup(files, machine);
  guess_generation(machine);
  return machine;
}

Json to_json(const MachineDescription& m) {
  Json json = Json::object({{"cpu", known(m.cpu)}, {"vendor", known(m.vendor)}});
  json.set("family", known(m.family, m.family >= 0));
  json.set("model", known(m.model, m.model >= 0));
  json.set("stepping", known(m.stepping, m.stepping >= 0));
  json.set("threads", known(m.threads, m.threads > 0));
  json.set("cores", known(m.cores, m.cores > 0));
  json.set("sockets", known(m.sockets, m.sockets > 0));
  json.set("cache_kib", known(m.cache_kib, m.cache_kib > 0));
  json.set("memory_bytes", known(m.memory_bytes, m.memory_bytes > 0));
  json.set("virtual", m.is_virtual);
  json.set("hypervisor", known(m.hypervisor));
  json.set("os", known(m.os));
  json.set("kernel", known(m.kernel));
  json.set("generation", known(m.generation));
  json.set("generation_basis", known(m.generation_basis));
  json.set("quota_cpus", m.quota_cpus ? Json(*m.quota_cpus) : Json());
  json.set("cpuset_threads", m.cpuset_threads ? Json(*m.cpuset_threads) : Json());
  return json;
}

}  // namespace joulebook
