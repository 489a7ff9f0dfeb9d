#include "sensor/cpu/cpu_topology.h"

#include <algorithm>
#include <map>

#include "core/text.h"

namespace joulebook {
namespace {

constexpr std::size_t kMostCpus = 16384;

std::optional<int> number_in(const FileTree& files, const std::string& path) {
  const auto text = files.read(path);
  const auto number = text ? parse_uint(trim(*text)) : std::nullopt;
  if (!number || *number > 1'000'000) return std::nullopt;
  return static_cast<int>(*number);
}

}  // namespace

std::optional<std::vector<int>> parse_cpu_list(std::string_view list) {
  std::vector<int> cpus;
  for (const std::string_view part : split(trim(list), ',')) {
    const std::size_t dash = part.find('-');
    const auto first = parse_uint(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_uint(part.substr(dash + 1));
    if (!first || !last || *last < *first || *last > 1'000'000) return std::nullopt;
    if (cpus.size() + (*last - *first) >= kMostCpus) return std::nullopt;
    for (std::uint64_t cpu = *first; cpu <= *last; ++cpu) cpus.push_back(static_cast<int>(cpu));
  }
  return cpus;
}

CpuPlace place_of_cpu(const FileTree& files, int cpu) {
  const std::string base = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
  const auto package = number_in(files, base + "physical_package_id");
  if (!package) return {};
  return {*package, number_in(files, base + "die_id").value_or(0), true};
}

std::vector<std::string> instances_of(const FileTree& files, const std::vector<int>& cpus) {
  std::vector<CpuPlace> places;
  std::map<int, int> lowest_die;
  for (const int cpu : cpus) {
    CpuPlace place = place_of_cpu(files, cpu);
    if (!place.known) place.package = static_cast<int>(places.size());
    const auto [at, fresh] = lowest_die.emplace(place.package, place.die);
    if (!fresh) at->second = std::min(at->second, place.die);
    places.push_back(place);
  }
  std::vector<std::string> instances;
  for (const CpuPlace& place : places) {
    std::string instance = std::to_string(place.package);
    if (place.die != lowest_die[place.package]) instance += "." + std::to_string(place.die);
    instances.push_back(std::move(instance));
  }
  return instances;
}

}  // namespace joulebook
