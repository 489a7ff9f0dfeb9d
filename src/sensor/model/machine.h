#pragma once
// What this machine is: CPU, threads, memory, virtual or not, system. Read once from /proc and /sys
// through the file seam; never fails, what cannot be read stays empty or zero.
//
// Sources: /proc/cpuinfo (x86: vendor_id, cpu family, model, stepping, model name, cache size,
// physical id, flags; arm64: CPU implementer, CPU part), /proc/meminfo MemTotal, /proc/sys/kernel,
// /sys/class/dmi/id/sys_vendor, /sys/hypervisor/type,
// /sys/fs/cgroup (cpu.max, cpuset.cpus.effective; v1: cpu/cpu.cfs_quota_us).
#include <cstdint>
#include <optional>
#include <string>

#include "core/file_tree.h"
#include "core/json.h"

namespace joulebook {

struct MachineDescription {
  std::string cpu;     // as the system names it: "AMD EPYC", "Intel(R) Xeon(R) ... @ 2.00GHz"
  std::string vendor;  // "AuthenticAMD", "GenuineIntel", "arm:0x41", empty where unknown
  int family = -1;     // x86 display family; -1 unknown
  int model = -1;      // x86 display model, arm64 part number; -1 unknown
  int stepping = -1;   // x86 only
  int threads = 0;     // hardware threads that are online here
  int cores = 0;       // distinct (physical id, core id); 0 unknown
  int sockets = 0;     // distinct physical ids; 0 unknown (arm64)
  std::int64_t cache_kib = 0;     // "cache size" of /proc/cpuinfo; 0 unknown
  std::int64_t memory_bytes = 0;  // MemTotal; 0 unknown
  bool is_virtual = false;        // the hypervisor flag is set, or the firmware names one
  std::string hypervisor;  // firmware's vendor: "QEMU", "Amazon EC2", ...; empty where hidden
  std::string os;          // "Linux"
  std::string kernel;      // release, "6.1.0-18-amd64"
  std::string generation;  // "zen4", "sapphire-rapids", ... as cpu_name.h spells them; or empty
  std::string generation_basis;       // "name" or "family and model"; empty where none
  std::optional<double> quota_cpus;   // CPU time allowed by the control group, in CPUs
  std::optional<int> cpuset_threads;  // threads that the control group may run on

  bool operator==(const MachineDescription&) const = default;
};

[[nodiscard]] MachineDescription describe_machine(const FileTree& files);

// The `machine` member of result files. Unknown members are null. docs/machine-model.md lists them.
[[nodiscard]] Json to_json(const MachineDescription& machine);

// Counts a kernel CPU list: "0-3,8" is 5; nothing where malformed.
[[nodiscard]] std::optional<int> count_cpu_list(std::string_view list);

}  // namespace joulebook
