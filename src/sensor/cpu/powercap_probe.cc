#include <algorithm>
#include <set>
#include <utility>

#include "core/text.h"
#include "sensor/containment.h"
#include "sensor/cpu/counter_source.h"
#include "sensor/cpu/cpu_domain.h"
#include "sensor/cpu/cpu_limit.h"
#include "sensor/cpu/powercap.h"
#include "sensor/discover.h"
#include "sensor/host_facts.h"

namespace joulebook {
namespace {

constexpr std::string_view kSubject = "powercap";
constexpr const char* kClass = "/sys/class/powercap";
// Energy registers have 32 bits (Intel SDM vol. 3B 15.10).
constexpr std::uint64_t kRegisterMask = 0xffff'ffff;
// Between the two readings of the probe: three updates.
constexpr Nanos kProbeGap = std::chrono::milliseconds(3);

constexpr const char* kMaskedCure =
    "start the container with `-v /sys:/host/sys:ro -v /proc:/host/proc:ro` and run "
    "`joulebook --sysroot /host` (with docker also `--security-opt systempaths=unconfined` lets "
    "-v /sys/class/powercap:/sys/class/powercap:ro through)";

// Packages by MSR: dies of one socket, or two zones of one name, may be one register. So may the
// psys of several sockets, which is one platform's.
bool may_share_register(std::string_view domain) {
  const std::string_view kind = domain_kind(domain);
  return (kind == "package" || kind == "psys") && !domain.ends_with(kMmioSuffix);
}

class Probe {
 public:
  Probe(const FileTree& files, Clock& clock, const OpenEnergyReader& open_reader)
      : files_(files), clock_(clock), open_reader_(open_reader), facts_(host_facts(files)) {}

  Discovery run() {
    zones_ = list_powercap_zones(files_);
    for (const PowercapZone& zone : zones_) open(zone);
    forbid();
    if (zones_.empty()) explain_nothing();
    examine();
    relate(found_.sensors);
    if (facts_.sgx && !found_.sensors.empty()) {
      note("sensor.filtered", "SGX is on, so the CPU blurs its energy counters on purpose",
           "measure longer windows, or turn SGX off in the firmware");
    }
    return std::move(found_);
  }

 private:
  void tell(Finding::Level level, std::string code, std::string message, std::string cure) {
    found_.findings.push_back(
        {level, std::string(kSubject), {std::move(code), std::move(message), std::move(cure)}});
  }
  void note(std::string code, std::string message, std::string cure) {
    tell(Finding::Level::note, std::move(code), std::move(message), std::move(cure));
  }

  void open(const PowercapZone& zone) {
    const auto domain = domain_of(zone, zones_);
    if (!domain) {
      return note("sensor.unknown_zone",
                  zone.directory + " is named \"" + zone.name + "\", which is no known domain", "");
    }
    auto source = source_of(zone);
    if (!source) return refuse(zone, source.error());
    SensorInfo info = describe(zone, *domain);
    if (by_reader_.contains(zone.directory)) info.method += ", by the energy reader";
    auto sensor = make_counter_sensor(std::move(info), std::move(*source));
    const auto first = sensor->read();
    if (!first) {
      taken_.erase(sensor->info().domain);
      return refuse(zone, first.error());
    }
    if (may_share_register(sensor->info().domain)) dies_.push_back(found_.sensors.size());
    found_.sensors.push_back(std::move(sensor));
    first_.push_back(*first);
  }

  // The zone's file, else, where this user may not read it, the energy reader's word.
  [[nodiscard]] Result<std::unique_ptr<CounterSource>> source_of(const PowercapZone& zone) {
    auto file = files_.keep(zone.path + "/energy_uj");
    if (file) return file_counter(std::move(*file), clock_);
    if (file.error().code != "file.permission" || !reader()) return fail(file.error());
    by_reader_.insert(zone.directory);
    return reader_->counter(zone.directory);
  }

  [[nodiscard]] EnergyReader* reader() {
    if (!std::exchange(asked_for_reader_, true) && open_reader_) {
      auto started = open_reader_();
      if (started) reader_ = std::move(*started);
    }
    return reader_.get();
  }

  void refuse(const PowercapZone& zone, const Error& error) {
    if (error.code == "file.permission" || error.code == "sensor.permission") {
      forbidden_.push_back(files_.root() + zone.path + "/energy_uj");
      return;
    }
    const bool missing = error.code == "file.missing";
    note(missing ? "sensor.missing" : error.code, zone.name + ": " + error.message, error.cure);
  }

  SensorInfo describe(const PowercapZone& zone, const std::string& domain) {
    SensorInfo info;
    info.id = "powercap:" + zone.directory;
    info.domain = own_domain(zone, domain);
    info.name = zone.name;
    info.device = "cpu";
    info.kind = SensorKind::energy_counter;
    info.scale = 1e-6;
    info.tick = kRaplTick;
    const std::uint64_t largest = read_range(zone);
    // A 32-bit register: the largest value is one unit short of the range, and tells the unit.
    info.range = largest + largest / kRegisterMask;
    info.resolution = std::max<std::uint64_t>(1, (largest + kRegisterMask - 1) / kRegisterMask);
    info.accuracy = cpu_allowance(info.domain).accuracy;
    info.max_watts = plausible_watts(files_, zone, zones_);
    info.method =
        zone.mmio ? "RAPL counter through powercap (MMIO)" : "RAPL counter through powercap";
    return info;
  }

  // A domain name that no sensor before it has: an MMIO zone takes a suffix beside its MSR twin.
  std::string own_domain(const PowercapZone& zone, std::string domain) {
    if (zone.mmio && taken_.contains(domain)) domain += kMmioSuffix;
    while (!taken_.insert(domain).second) domain += "." + zone.directory;
    return domain;
  }

  std::uint64_t read_range(const PowercapZone& zone) {
    const auto text = files_.read(zone.path + "/max_energy_range_uj");
    const auto range = text ? parse_counter(*text) : std::nullopt;
    if (range && *range > 0) return *range;
    note("sensor.range_unknown",
         zone.name + ": max_energy_range_uj " + (range ? "is 0" : "cannot be read") +
             ", so a wrap cannot be told from a reset",
         "keep windows short; update the kernel");
    return 0;
  }

  void forbid() {
    if (forbidden_.empty()) return;
    tell(Finding::Level::problem, "sensor.permission",
         std::to_string(forbidden_.size()) +
             " RAPL counter(s) exist but may not be read by this user",
         "sudo chmod a+r " + join(forbidden_, " ") +
             "   (until the next boot; for good, a udev rule: SUBSYSTEM==\"powercap\", "
             "RUN+=\"/bin/chmod a+r /sys%p/energy_uj\")" +
             (reader_ ? ", or, for Joulebook alone: sudo setcap cap_dac_read_search=ep " +
                            reader_->path()
                      : std::string()));
  }

  // Second readings, three updates after the first: counters that stand at 0, and dies of one
  // package that read the same register.
  void examine() {
    if (found_.sensors.empty()) return;
    clock_.sleep_until(clock_.now() + kProbeGap);
    second_ = first_;
    for (std::size_t i = 0; i < found_.sensors.size(); ++i) {
      if (const auto again = found_.sensors[i]->read()) second_[i] = *again;
    }
    find_die_mirrors();
    drop_zeros();
  }

  void find_die_mirrors();
  [[nodiscard]] bool same_register(std::size_t a, std::size_t b);
  void drop_zeros();
  void explain_nothing();
  void explain_empty();

  const FileTree& files_;
  Clock& clock_;
  const OpenEnergyReader& open_reader_;
  HostFacts facts_;
  std::vector<PowercapZone> zones_;
  std::set<std::string> taken_;      // domains
  std::set<std::string> by_reader_;  // directories whose counter the energy reader tells
  std::shared_ptr<EnergyReader> reader_;
  bool asked_for_reader_ = false;
  std::vector<std::string> forbidden_;
  std::vector<std::size_t> dies_;  // indices of sensors
  std::vector<RawReading> first_, second_;
  Discovery found_;
};

// "0" of "package:0.1": the package that a die belongs to.
std::string_view package_of(std::string_view domain) {
  const std::string_view instance = domain_instance(domain);
  return instance.substr(0, instance.find('.'));
}

// Whether two domains may be the same thing at all.
bool same_platform(std::string_view a, std::string_view b) {
  if (domain_kind(a) != domain_kind(b)) return false;
  return domain_kind(a) == "psys" || package_of(a) == package_of(b);
}

// AMD repeats the socket's counter under each die's name; Intel's dies count apart.
void Probe::find_die_mirrors() {
  for (std::size_t at = 0; at < dies_.size(); ++at) {
    const std::size_t die = dies_[at];
    for (std::size_t before = 0; before < at; ++before) {
      const std::size_t other = dies_[before];
      SensorInfo info = found_.sensors[die]->info();
      const std::string& twin = found_.sensors[other]->info().domain;
      if (!same_platform(info.domain, twin) || !same_register(other, die)) continue;
      note("sensor.mirrored", info.name + " reads the same register as " + twin + ": counted once",
           "");
      info.mirrors.push_back(twin);
      found_.sensors[die] = with_info(std::move(found_.sensors[die]), std::move(info));
      break;
    }
  }
}

// Equal twice, to within three updates at the rate just seen; else, for readings that were held up
// between the two, one found between two readings of the other. Two counters that both stand at 0
// say nothing: then the vendor decides.
bool Probe::same_register(std::size_t a, std::size_t b) {
  const auto apart = [](std::uint64_t x, std::uint64_t y) { return x > y ? x - y : y - x; };
  if (second_[a].counts == 0 && second_[b].counts == 0) return facts_.cpu_vendor == "AuthenticAMD";
  const std::uint64_t step = 3 * found_.sensors[a]->info().resolution;
  const std::uint64_t allowed = std::max(step, apart(first_[a].counts, second_[a].counts));
  if (apart(first_[a].counts, first_[b].counts) <= allowed &&
      apart(second_[a].counts, second_[b].counts) <= allowed) {
    return true;
  }
  const auto before = found_.sensors[a]->read();
  const auto between = found_.sensors[b]->read();
  const auto after = found_.sensors[a]->read();
  return before && between && after && between->counts + step >= before->counts &&
         between->counts <= after->counts + step;
}

// A counter that stands at 0 is no reading. In a virtual machine some hypervisors fake such; a psys
// that its board never wired would swallow the package it contains. Elsewhere it may just be young.
void Probe::drop_zeros() {
  std::vector<std::unique_ptr<Sensor>> kept;
  for (std::size_t i = 0; i < found_.sensors.size(); ++i) {
    const SensorInfo& info = found_.sensors[i]->info();
    const bool zero = first_[i].counts == 0 && second_[i].counts == 0;
    const bool fake = zero && (facts_.hypervisor || domain_kind(info.domain) == "psys");
    if (fake) {
      tell(Finding::Level::problem, "sensor.zero",
           info.name + " always reads 0" +
               (facts_.hypervisor ? ": the hypervisor answers without a counter" : ""),
           "measure on the host, or let the machine model estimate");
    } else {
      if (zero) note("sensor.zero", info.name + " read 0 twice", "see whether it moves under load");
      kept.push_back(std::move(found_.sensors[i]));
    }
  }
  found_.sensors = std::move(kept);
}

void Probe::explain_nothing() {
  const auto there = files_.list(kClass);
  if (!there && there.error().code == "file.permission") {
    return tell(Finding::Level::problem, "sensor.permission", there.error().message,
                "sudo chmod a+rx " + files_.root() + kClass);
  }
  const bool dangling =
      there && std::any_of(there->begin(), there->end(),
                           [](const std::string& n) { return n.starts_with("intel-rapl"); });
  if (dangling || facts_.powercap_masked || (there && facts_.container)) {
    return tell(Finding::Level::problem, "sensor.masked",
                "a container engine masks the powercap folder", kMaskedCure);
  }
  if (facts_.hypervisor) {
    return note("sensor.vm", "this is a virtual machine, and hypervisors do not pass RAPL on",
                "measure on the host, or let the machine model estimate");
  }
  explain_empty();
}

void Probe::explain_empty() {
  const std::string load = "sudo modprobe intel_rapl_msr   (Intel, and AMD from Zen on)";
  if (files_.exists(kClass)) {
    return tell(Finding::Level::problem, "sensor.masked",
                "the powercap folder is empty: the driver is not loaded, or a container masks it",
                load + "; in a container: " + kMaskedCure);
  }
  tell(Finding::Level::problem, "sensor.missing", "no powercap folder: the kernel offers no RAPL",
       load);
}

}  // namespace

Discovery probe_powercap(std::shared_ptr<const FileTree> files, Clock& clock) {
  return probe_powercap(*files, clock, {});
}

Discovery probe_powercap(const FileTree& files, Clock& clock, const OpenEnergyReader& open_reader) {
  return Probe(files, clock, open_reader).run();
}

}  // namespace joulebook
