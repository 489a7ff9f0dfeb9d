#include "sensor/gpu/level_zero.h"

#include <cstring>
#include <utility>

#include "sensor/containment.h"
#include "sensor/discover.h"
#include "sensor/gpu/pci_address.h"

namespace joulebook {
namespace {

constexpr std::string_view kSubject = "level zero";
// Intel states neither a period nor an accuracy: allowances of ours; the meter measures the tick.
constexpr Nanos kTick = std::chrono::milliseconds(10);
constexpr double kAccuracy = 0.05;
constexpr double kTransient = 1.5;
constexpr const char* kPermissionCure =
    "give this user the right to read /sys/class/drm/card*/device/hwmon and telemetry "
    "(CAP_PERFMON, "
    "or run as root)";
constexpr const char* kLostCure = "see the kernel log (dmesg) for a GPU hang or reset";

class ZeSensor final : public Sensor {
 public:
  ZeSensor(std::shared_ptr<const ZeLibrary> library, ZeHandle power, SensorInfo info, Clock& clock)
      : library_(std::move(library)), power_(power), info_(std::move(info)), clock_(clock) {}

  [[nodiscard]] const SensorInfo& info() const override { return info_; }

  [[nodiscard]] Result<RawReading> read() override {
    RawReading reading;
    ZesEnergyCounter counter{};
    reading.begin = clock_.now();
    const int code = library_->api().energy(power_, &counter);
    reading.end = clock_.now();
    if (code != kZeSuccess) return refuse(code);
    reading.counts = counter.microjoules;
    return reading;
  }

 private:
  [[nodiscard]] tl::unexpected<Error> refuse(int code) const {
    const std::string what = info_.name + " (" + info_.id + "): " + ze_words(code);
    if (code == kZeUnsupported) {
      return fail(ErrorKind::no_reading, "sensor.unsupported", what,
                  "none: this card or driver does not offer it");
    }
    if (code == kZeNoPermission) {
      return fail(ErrorKind::no_reading, "sensor.permission", what, kPermissionCure);
    }
    return fail(ErrorKind::no_reading, "sensor.lost", what, kLostCure);
  }

  std::shared_ptr<const ZeLibrary> library_;
  ZeHandle power_;
  SensorInfo info_;
  Clock& clock_;
};

// A power domain that answered.
struct Domain {
  ZeHandle handle = nullptr;
  std::optional<unsigned> tile;  // nothing: the card's
  double max_watts = 0;
};

class CardProbe {
 public:
  CardProbe(std::shared_ptr<const ZeLibrary> library, ZeHandle device, unsigned index, Clock& clock,
            Discovery& found)
      : library_(std::move(library)), device_(device), clock_(clock), found_(found) {
    identify(index);
  }

  void run() {
    const std::vector<Domain> domains = list();
    std::optional<Domain> card;
    std::vector<Domain> tiles;
    for (const Domain& domain : domains) {
      if (!answers(domain)) continue;
      if (domain.tile) {
        tiles.push_back(domain);
      } else if (!card) {
        card = domain;  // further domains of the whole are its package and stacks: inside it
      }
    }
    if (card) add_card(*card, tiles);
    for (const Domain& tile : tiles) add_tile(tile);
    if (!card && !tiles.empty()) {
      tell(Finding::Level::note, "sensor.unsupported",
           "has no energy counter of the whole card: its tiles are counted, the board is not", "");
    }
    if (!card && tiles.empty()) explain_silence(!domains.empty());
  }

 private:
  void identify(unsigned index) {
    ZesDeviceProperties properties{};
    properties.stype = kZesDevicePropertiesType;
    properties.core.stype = kZeDevicePropertiesType;
    if (library_->api().properties(device_, &properties) == kZeSuccess) {
      name_.assign(properties.core.name,
                   ::strnlen(properties.core.name, sizeof properties.core.name));
    }
    if (name_.empty()) name_ = "Intel GPU";
    where_ = "ze-" + std::to_string(index);
    ZesPciProperties pci{};
    pci.stype = kZesPciPropertiesType;
    if (library_->api().pci != nullptr && library_->api().pci(device_, &pci) == kZeSuccess) {
      where_ = PciAddress{pci.domain, pci.bus, pci.device, pci.function}.text();
    }
  }
  [[nodiscard]] std::string device() const { return "gpu:PCI-" + where_; }
  [[nodiscard]] std::string tile_domain(unsigned tile) const {
    return "gpu-tile:PCI-" + where_ + "/" + std::to_string(tile);
  }

  void tell(Finding::Level level, std::string code, const std::string& what, std::string cure) {
    found_.findings.push_back(
        {level,
         std::string(kSubject),
         {std::move(code), name_ + " (" + where_ + ") " + what, std::move(cure)}});
  }

  // The card's own domain first where the loader can name it, then all.
  [[nodiscard]] std::vector<Domain> list() const {
    const ZeApi& api = library_->api();
    std::vector<Domain> domains;
    ZeHandle card = nullptr;
    if (api.card_power != nullptr && api.card_power(device_, &card) == kZeSuccess) {
      domains.push_back(describe(card));
      domains.back().tile.reset();
    }
    std::uint32_t count = 0;
    if (api.power_domains == nullptr || api.power_domains(device_, &count, nullptr) != kZeSuccess) {
      return domains;
    }
    std::vector<ZeHandle> all(count);
    if (api.power_domains(device_, &count, all.data()) != kZeSuccess) return domains;
    for (const ZeHandle handle : all) {
      if (handle != card) domains.push_back(describe(handle));
    }
    return domains;
  }

  [[nodiscard]] Domain describe(ZeHandle handle) const {
    Domain domain{.handle = handle};
    ZesPowerProperties properties{};
    properties.stype = kZesPowerPropertiesType;
    const auto call = library_->api().power_properties;
    if (call == nullptr || call(handle, &properties) != kZeSuccess) return domain;
    if (properties.on_subdevice != 0) domain.tile = properties.subdevice;
    if (properties.max_limit > 0) domain.max_watts = properties.max_limit * 1e-3;
    return domain;
  }

  // Whether the counter gives a number that can be one: 0 is none.
  bool answers(const Domain& domain) {
    ZesEnergyCounter counter{};
    const int code = library_->api().energy(domain.handle, &counter);
    if (code != kZeSuccess) last_code_ = code;
    return code == kZeSuccess && counter.microjoules > 0;
  }

  SensorInfo describe_sensor(const Domain& domain, std::string own, const std::string& what) const {
    SensorInfo info;
    info.id = "ze:" + where_ + ":" + what;
    info.domain = std::move(own);
    info.name = name_;
    info.device = device();
    info.kind = SensorKind::energy_counter;
    info.scale = 1e-6;
    info.tick = kTick;
    info.accuracy = kAccuracy;
    info.max_watts = kTransient * domain.max_watts;
    return info;
  }

  void add_card(const Domain& card, const std::vector<Domain>& tiles) {
    SensorInfo info = describe_sensor(card, device(), "energy");
    info.method = "Level Zero energy counter of the card";
    for (const Domain& tile : tiles) info.contains.push_back(tile_domain(*tile.tile));
    add(card.handle, std::move(info));
  }
  void add_tile(const Domain& tile) {
    SensorInfo info =
        describe_sensor(tile, tile_domain(*tile.tile), "tile-" + std::to_string(*tile.tile));
    info.method = "Level Zero energy counter of a tile";
    add(tile.handle, std::move(info));
  }
  void add(ZeHandle handle, SensorInfo info) {
    found_.sensors.push_back(std::make_unique<ZeSensor>(library_, handle, std::move(info), clock_));
  }

  void explain_silence(bool domains) {
    if (last_code_ == kZeNoPermission) {
      return tell(Finding::Level::problem, "sensor.permission", "may not be read by this user",
                  kPermissionCure);
    }
    if (last_code_ == kZeDeviceLost || last_code_ == kZeRequiresReset) {
      return tell(Finding::Level::problem, "sensor.lost", ze_words(last_code_), kLostCure);
    }
    if (domains && last_code_ == kZeSuccess) {
      return tell(Finding::Level::problem, "sensor.zero", "has an energy counter that stands at 0",
                  "a newer driver; inside a virtual machine, measure on the host");
    }
    tell(Finding::Level::note, "sensor.unsupported", "has no energy counter",
         "a newer kernel and driver; an integrated GPU is counted with its processor");
  }

  std::shared_ptr<const ZeLibrary> library_;
  ZeHandle device_;
  std::string name_, where_;
  int last_code_ = kZeSuccess;
  Clock& clock_;
  Discovery& found_;
};

}  // namespace

Discovery probe_level_zero_library(std::shared_ptr<const ZeLibrary> library, Clock& clock) {
  Discovery found;
  unsigned index = 0;
  for (const ZeHandle device : library->gpus()) {
    CardProbe(library, device, index++, clock, found).run();
  }
  relate(found.sensors);
  return found;
}

Discovery probe_level_zero(Clock& clock) {
  auto library = open_level_zero();
  if (library) return probe_level_zero_library(std::move(*library), clock);
  Discovery found;
  found.findings.push_back(library_finding(std::string(kSubject), library.error()));
  return found;
}

}  // namespace joulebook
