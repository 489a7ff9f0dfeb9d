#include "sensor/host_facts.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "core/text.h"

namespace joulebook {
namespace {

// The value of the first "key : value" line; every processor of /proc/cpuinfo repeats them.
std::string_view field(std::string_view text, std::string_view key) {
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && trim(line.substr(0, colon)) == key) {
      return trim(line.substr(colon + 1));
    }
  }
  return {};
}

void read_cpu(const FileTree& files, HostFacts& facts) {
  const auto text = files.read("/proc/cpuinfo");
  if (!text) return;
  facts.cpu_vendor = std::string(field(*text, "vendor_id"));
  const auto flags = split(field(*text, "flags"), ' ');
  facts.hypervisor = std::find(flags.begin(), flags.end(), "hypervisor") != flags.end();
  facts.sgx = std::find(flags.begin(), flags.end(), "sgx") != flags.end();
}

void read_mounts(const FileTree& files, HostFacts& facts) {
  const auto text = files.read("/proc/self/mountinfo");
  if (!text) return;
  for (const std::string_view line : split(*text, '\n')) {
    const auto words = split(line, ' ');
    if (words.size() < 5) continue;
    const bool here =
        words[4].ends_with("/devices/virtual/powercap") || words[4].ends_with("/class/powercap");
    facts.powercap_masked = facts.powercap_masked || here;
  }
}

}  // namespace

HostFacts host_facts(const FileTree& files) {
  HostFacts facts;
  read_cpu(files, facts);
  read_mounts(files, facts);
  facts.container = files.exists("/.dockerenv") || files.exists("/run/.containerenv");
  const auto gpus = files.list("/proc/driver/nvidia/gpus");
  facts.nvidia_gpu = files.exists("/dev/nvidia0") || (gpus && !gpus->empty());
  return facts;
}

}  // namespace joulebook
