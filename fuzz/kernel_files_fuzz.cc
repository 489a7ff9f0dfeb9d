// Any bytes as the kernel's files. The input is cut at 0xFF; its pieces are the contents of the
// files that the probes look for, in the order of the table below. Whatever they hold, discovery
// ends, every finding has a code, every sensor that it offers answers or says why not, and a
// machine can be described.
// Fault planted on 2026-11-25: a line of /proc/net/tcp whose number of fields is not looked at, found
// within a second (297 inputs).
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "core/text.h"
#include "sensor/discover.h"
#include "sensor/model/machine.h"
#include "sensor/process_finder.h"

namespace joulebook {
namespace {

constexpr std::array kPaths = {
    "/proc/cpuinfo",
    "/proc/stat",
    "/proc/meminfo",
    "/proc/net/tcp",
    "/proc/net/tcp6",
    "/proc/1/stat",
    "/proc/1/cmdline",
    "/proc/self/mountinfo",
    "/sys/fs/cgroup/cpu.max",
    "/sys/fs/cgroup/cpuset.cpus.effective",
    "/sys/class/dmi/id/sys_vendor",
    "/sys/class/powercap/intel-rapl:0/name",
    "/sys/class/powercap/intel-rapl:0/energy_uj",
    "/sys/class/powercap/intel-rapl:0/max_energy_range_uj",
    "/sys/class/powercap/intel-rapl:0/constraint_0_power_limit_uw",
    "/sys/class/powercap/intel-rapl:0:0/name",
    "/sys/class/powercap/intel-rapl:0:0/energy_uj",
    "/sys/class/hwmon/hwmon0/name",
    "/sys/class/hwmon/hwmon0/power1_input",
    "/sys/class/hwmon/hwmon0/power1_label",
    "/sys/class/hwmon/hwmon0/energy1_input",
    "/sys/class/hwmon/hwmon0/energy1_label",
    "/sys/class/hwmon/hwmon0/in1_input",
    "/sys/class/hwmon/hwmon0/curr1_input",
    "/sys/class/hwmon/hwmon0/in1_label",
    "/sys/class/hwmon/hwmon0/update_interval",
    "/sys/class/hwmon/hwmon0/power1_oem_info",
    "/sys/class/power_supply/BAT0/type",
    "/sys/class/power_supply/BAT0/status",
    "/sys/class/power_supply/BAT0/energy_now",
    "/sys/class/power_supply/BAT0/charge_now",
    "/sys/class/power_supply/BAT0/voltage_now",
    "/sys/bus/event_source/devices/power/type",
    "/sys/bus/event_source/devices/power/cpumask",
    "/sys/bus/event_source/devices/power/events/energy-pkg",
    "/sys/bus/event_source/devices/power/events/energy-pkg.scale",
    "/sys/bus/event_source/devices/power/events/energy-pkg.unit",
};

using Contents = std::map<std::string, std::string>;

tl::unexpected<Error> missing(const std::string& path) {
  return fail(ErrorKind::no_reading, "file.missing", path + " is not there", "none");
}

class MemoryFile final : public KeptFile {
 public:
  explicit MemoryFile(const std::string& content) : content_(content) {}
  Result<std::size_t> read(char* buffer, std::size_t capacity) override {
    const std::size_t size = std::min(capacity, content_.size());
    std::memcpy(buffer, content_.data(), size);
    return size;
  }

 private:
  const std::string& content_;
};

class MemoryTree final : public FileTree {
 public:
  explicit MemoryTree(Contents contents) : contents_(std::move(contents)) {}
  Result<std::string> read(const std::string& path) const override {
    const auto found = contents_.find(path);
    if (found == contents_.end()) return missing(path);
    return found->second;
  }
  Result<std::vector<std::string>> list(const std::string& path) const override {
    std::vector<std::string> names;
    const std::string folder = path + "/";
    for (const auto& [file, content] : contents_) {
      if (!file.starts_with(folder)) continue;
      const auto rest = file.substr(folder.size());
      const auto name = rest.substr(0, rest.find('/'));
      if (names.empty() || names.back() != name) names.push_back(name);
    }
    if (names.empty()) return missing(path);
    return names;
  }
  Result<std::string> link(const std::string& path) const override { return missing(path); }
  bool exists(const std::string& path) const override {
    const auto found = contents_.lower_bound(path);
    return found != contents_.end() && found->first.starts_with(path);
  }
  Result<std::unique_ptr<KeptFile>> keep(const std::string& path) const override {
    const auto found = contents_.find(path);
    if (found == contents_.end()) return missing(path);
    return std::make_unique<MemoryFile>(found->second);
  }
  std::string root() const override { return "/fuzz"; }

 private:
  Contents contents_;
};

Contents cut(std::string_view bytes) {
  Contents out;
  const auto pieces = split(bytes, '\xFF');
  for (std::size_t i = 0; i < std::min(pieces.size(), kPaths.size()); ++i) {
    if (!pieces[i].empty()) out[kPaths[i]] = pieces[i];
  }
  return out;
}

}  // namespace
}  // namespace joulebook

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace joulebook;
  const auto files = std::make_shared<MemoryTree>(
      cut({reinterpret_cast<const char*>(data), size}));
  FakeClock clock;
  SensorChoice choice;
  choice.vendor_libraries = false;
  Discovery found = discover(files, clock, choice);
  for (const auto& finding : found.findings) {
    if (finding.reason.code.empty()) std::abort();
  }
  for (const auto& sensor : found.sensors) {
    const auto reading = sensor->read();
    if (!reading && reading.error().code.empty()) std::abort();
    if (sensor->info().domain.empty() || !(sensor->info().scale > 0)) std::abort();
  }
  (void)describe_machine(*files);
  (void)pids_listening_on(*files, 80);
  return 0;
}
