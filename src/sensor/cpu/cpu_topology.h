#pragma once
// Which socket and die a logical CPU belongs to, as the kernel numbers them
// (Documentation/ABI/stable/sysfs-devices-system-cpu). Pure reading; any thread.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/file_tree.h"

namespace joulebook {

// The CPUs of a kernel list, ascending as written: "0-2,8" is {0, 1, 2, 8}. Nothing where it is
// malformed, empty or names more than 16384 CPUs.
[[nodiscard]] std::optional<std::vector<int>> parse_cpu_list(std::string_view list);

struct CpuPlace {
  int package = 0;
  int die = 0;
  bool known = false;  // the kernel says so; else package and die are 0
};

// Of CPU `cpu`, from /sys/devices/system/cpu/cpuN/topology. A kernel without dies has die 0.
[[nodiscard]] CpuPlace place_of_cpu(const FileTree& files, int cpu);

// The instance of a domain ("0", "0.1") of each CPU given: the lowest die among them of a package
// keeps the package's own number, as in powercap's names. Places that are not known count up.
[[nodiscard]] std::vector<std::string> instances_of(const FileTree& files,
                                                    const std::vector<int>& cpus);

}  // namespace joulebook
