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

// {0, 1} of "package-0-die-1"; die 0 of "package-2".
struct PackageName {
  std::uint64_t package = 0;
  std::uint64_t die = 0;
};
std::optional<PackageName> package_name(std::string_view name) {
  const auto parts = split(name, '-');
  const bool die = parts.size() == 4 && parts[2] == "die";
  if (parts[0] != "package" || (parts.size() != 2 && !die)) return std::nullopt;
  const auto package = parse_uint(parts[1]);
  const auto number = die ? parse_uint(parts[3]) : 0;
  if (!package || !number) return std::nullopt;
  return PackageName{*package, *number};
}

// "package:0.1" of "package-0-die-1". The lowest die of a package keeps the package's own number:
// some AMD kernels number the dies of the second socket on from those of the first.
std::optional<std::string> package_domain(std::string_view name,
                                          const std::vector<PowercapZone>& all) {
  const auto own = package_name(name);
  if (!own) return std::nullopt;
  std::uint64_t lowest = own->die;
  for (const PowercapZone& zone : all) {
    const auto other = package_name(zone.name);
    if (other && other->package == own->package) lowest = std::min(lowest, other->die);
  }
  std::string domain = "package:" + std::to_string(own->package);
  if (own->die != lowest) domain += "." + std::to_string(own->die);
  return domain;
}

// "psys:1" of "psys-1", as servers with several sockets name it.
std::optional<std::string> psys_domain(std::string_view name) {
  constexpr std::string_view kPrefix = "psys-";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const auto package = parse_uint(name.substr(kPrefix.size()));
  return package ? std::optional("psys:" + std::to_string(*package)) : std::nullopt;
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
  const auto package = parent != nullptr ? package_domain(parent->name, all) : std::nullopt;
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
  if (const auto psys = psys_domain(zone.name)) return psys;
  return package_domain(zone.name, all);
}

}  // namespace joulebook
