#include "sensor/cpu/powercap.h"

#include <algorithm>
#include <tuple>

#include "core/text.h"

namespace joulebook {
namespace {

constexpr int kDeepestZone = 4;
constexpr std::string_view kMsr = "intel-rapl:";
constexpr std::string_view kMmio = "intel-rapl-mmio:";

// {0, 1} of "intel-rapl:0:1"; nothing where it is no zone.
std::optional<std::vector<unsigned>> zone_indices(std::string_view directory) {
  const std::string_view prefix = directory.starts_with(kMmio) ? kMmio : kMsr;
  if (!directory.starts_with(prefix)) return std::nullopt;
  directory.remove_prefix(prefix.size());
  std::vector<unsigned> indices;
  for (const std::string_view part : split(directory, ':')) {
    const auto index = parse_uint(part);
    if (!index || *index > 1'000'000) return std::nullopt;
    indices.push_back(static_cast<unsigned>(*index));
  }
  return indices;
}

class Walk {
 public:
  explicit Walk(const FileTree& files) : files_(files) {}

  // Flat entries of a level are met before anything nested below them.
  void enter(const std::string& path, int depth) {
    const auto names = files_.list(path);
    if (!names || depth > kDeepestZone) return;
    std::vector<std::string> below;
    for (const std::string& name : *names) {
      if (!name.starts_with("intel-rapl")) continue;
      below.push_back(path + "/" + name);
      if (const auto indices = zone_indices(name)) meet(name, below.back(), *indices);
    }
    for (const std::string& each : below) enter(each, depth + 1);
  }

  std::vector<PowercapZone> take() {
    std::sort(zones_.begin(), zones_.end(), [](const PowercapZone& a, const PowercapZone& b) {
      return std::tie(a.mmio, a.indices) < std::tie(b.mmio, b.indices);
    });
    return std::move(zones_);
  }

 private:
  void meet(const std::string& directory, const std::string& path, std::vector<unsigned> indices) {
    const bool known = std::any_of(zones_.begin(), zones_.end(), [&](const PowercapZone& zone) {
      return zone.directory == directory;
    });
    const auto name = known ? fail({}) : files_.read(path + "/name");
    if (!name) return;
    zones_.push_back({directory, path, std::string(trim(*name)), directory.starts_with(kMmio),
                      std::move(indices)});
  }

  const FileTree& files_;
  std::vector<PowercapZone> zones_;
};

// "0.1" of "package-0-die-1", "2" of "package-2" and of "package-2-die-0".
std::optional<std::string> package_domain(std::string_view name) {
  const auto parts = split(name, '-');
  const bool die = parts.size() == 4 && parts[2] == "die";
  if (parts[0] != "package" || (parts.size() != 2 && !die)) return std::nullopt;
  if (!parse_uint(parts[1]) || (die && !parse_uint(parts[3]))) return std::nullopt;
  std::string domain = "package:" + std::string(parts[1]);
  if (die && parts[3] != "0") domain += "." + std::string(parts[3]);
  return domain;
}

const PowercapZone* parent_of(const PowercapZone& zone, const std::vector<PowercapZone>& all) {
  if (zone.indices.size() < 2) return nullptr;
  const std::vector<unsigned> above(zone.indices.begin(), zone.indices.end() - 1);
  for (const PowercapZone& other : all) {
    if (other.mmio == zone.mmio && other.indices == above) return &other;
  }
  return nullptr;
}

// The package's own number for what is nested below one; else the first index.
std::string inherited_instance(const PowercapZone& zone, const std::vector<PowercapZone>& all) {
  const PowercapZone* parent = parent_of(zone, all);
  const auto package = parent != nullptr ? package_domain(parent->name) : std::nullopt;
  if (package) return package->substr(std::string_view("package:").size());
  return std::to_string(zone.indices.empty() ? 0 : zone.indices.front());
}

std::size_t ordinal(const PowercapZone& zone, const std::vector<PowercapZone>& all) {
  std::size_t before = 0;
  for (const PowercapZone& other : all) {
    if (other.mmio == zone.mmio && other.name == zone.name && other.indices < zone.indices) {
      ++before;
    }
  }
  return before;
}

}  // namespace

std::vector<PowercapZone> list_powercap_zones(const FileTree& files) {
  for (const char* base : {"/sys/class/powercap", "/sys/devices/virtual/powercap"}) {
    Walk walk(files);
    walk.enter(base, 0);
    if (auto zones = walk.take(); !zones.empty()) return zones;
  }
  return {};
}

std::optional<std::string> domain_of(const PowercapZone& zone,
                                     const std::vector<PowercapZone>& all) {
  if (zone.name == "psys") return "psys:" + std::to_string(ordinal(zone, all));
  for (const std::string_view kind : {"core", "uncore", "dram"}) {
    if (zone.name == kind) {
      return zone.name + ":" + inherited_instance(zone, all);
    }
  }
  return package_domain(zone.name);
}

}  // namespace joulebook
