#include "sensor/cpu/perf_pmu.h"

#include "core/text.h"
#include "sensor/cpu/cpu_topology.h"

namespace joulebook {
namespace {

constexpr const char* kDevices = "/sys/bus/event_source/devices/";

Reason odd(std::string message) {
  return {"sensor.malformed", std::move(message), "update the kernel, or report it"};
}

std::string text_of(const FileTree& files, const std::string& path) {
  const auto text = files.read(path);
  return text ? valid_utf8(trim(*text)) : std::string();
}

void read_event(const FileTree& files, const std::string& base, const std::string& name,
                PerfPmu& pmu) {
  const std::string path = base + "/events/" + name;
  const std::string label = pmu.name + "/" + name;
  const auto config = parse_perf_event(text_of(files, path));
  const std::string unit = text_of(files, path + ".unit");
  const std::string scale = text_of(files, path + ".scale");
  if (!config) {
    pmu.refused.push_back(odd(label + ": the event's description cannot be understood"));
  } else if (unit != "Joules") {
    pmu.refused.push_back(odd(label + ": its unit is \"" + unit + "\", not Joules"));
  } else if (parse_double(scale) != kPerfJoules) {
    pmu.refused.push_back(odd(label + ": its scale is \"" + scale + "\", not 2^-32"));
  } else {
    pmu.events.push_back({name, *config});
  }
}

}  // namespace

std::optional<std::uint64_t> parse_perf_event(std::string_view text) {
  text = trim(text);
  constexpr std::string_view kTerm = "event=0x";
  if (!text.starts_with(kTerm)) return std::nullopt;
  text.remove_prefix(kTerm.size());
  if (text.empty() || text.size() > 2) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    const auto digit = std::string_view("0123456789abcdef").find(lower({&c, 1}));
    if (digit == std::string_view::npos) return std::nullopt;
    value = value * 16 + digit;
  }
  return value;
}

std::optional<PerfPmu> read_perf_pmu(const FileTree& files, std::string_view name) {
  PerfPmu pmu{.name = std::string(name)};
  const std::string base = kDevices + pmu.name;
  const auto events = files.list(base + "/events");
  if (!events) return std::nullopt;
  const auto type = parse_uint(text_of(files, base + "/type"));
  const auto cpus = parse_cpu_list(text_of(files, base + "/cpumask"));
  if (!type || *type > 0xffff'ffff || !cpus) {
    pmu.refused.push_back(odd(pmu.name + ": its type or cpumask cannot be understood"));
    return pmu;
  }
  pmu.type = static_cast<std::uint32_t>(*type);
  pmu.cpus = *cpus;
  for (const std::string& event : *events) {
    if (event.starts_with("energy-") && event.find('.') == std::string::npos) {
      read_event(files, base, event, pmu);
    }
  }
  return pmu;
}

}  // namespace joulebook
