#pragma once
// What kind of place this is, as far as files tell: vendor of the CPU, virtual machine, container.
// Absent files mean "not known", which every field's default stands for.
#include <string>

#include "core/file_tree.h"

namespace joulebook {

struct HostFacts {
  std::string cpu_vendor;   // "GenuineIntel", "AuthenticAMD"; empty: not known
  bool hypervisor = false;  // the CPU says that it runs a guest
  bool sgx = false;        // SGX is on, so Intel's energy filter is (CVE-2020-8694, INTEL-SA-00389)
  bool container = false;  // a container engine left its mark
  bool powercap_masked = false;  // something is mounted over the powercap folders
  bool nvidia_gpu = false;       // the NVIDIA driver shows a GPU
};

// Reads /proc/cpuinfo, /proc/self/mountinfo, /proc/driver/nvidia, /dev and the marks of container
// engines (/.dockerenv, /run/.containerenv). Never fails.
[[nodiscard]] HostFacts host_facts(const FileTree& files);

}  // namespace joulebook
