#include "sensor/gpu/amd.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sensor/containment.h"
#include "sensor/discover.h"
#include "sensor/gpu/vendor_library.h"

namespace joulebook {
namespace {

// The driver hands out one table of metrics for 1 ms (ROCm #1649); the meter measures the real
// tick.
constexpr Nanos kTick = std::chrono::milliseconds(1);
// AMD states no accuracy: an allowance of ours, as for the other vendors.
constexpr double kAccuracy = 0.05;
// The cap binds the mean, not the moment: an allowance of ours for transients above it.
constexpr double kTransient = 1.5;
// Between the two looks at a counter; some firmware publishes ten times a second.
constexpr Nanos kLookFor = std::chrono::milliseconds(250);
constexpr Nanos kLookAgainFor = std::chrono::milliseconds(750);
constexpr Nanos kReattachEvery = std::chrono::seconds(1);
// Beyond these a resolution is no resolution: AMD's is 15.259 uJ.
constexpr double kLeastResolution = 0.01, kMostResolution = 1e6;
constexpr double kLeastRatio = 0.1, kMostRatio = 10;

constexpr const char* kPermissionCure =
    "add this user to the groups video and render (sudo usermod -aG video,render $USER), then log "
    "in "
    "again";
constexpr const char* kLostCure =
    "see the kernel log (dmesg) for a GPU reset; readings go on by themselves once the driver is "
    "back";

enum class What { energy, power };

class AmdSensor final : public Sensor {
 public:
  AmdSensor(std::shared_ptr<AmdLibrary> library, unsigned index, std::optional<PciAddress> address,
            What what, double resolution_uj, SensorInfo info, Clock& clock)
      : library_(std::move(library)),
        index_(index),
        address_(address),
        what_(what),
        resolution_uj_(resolution_uj),
        info_(std::move(info)),
        clock_(clock) {}

  [[nodiscard]] const SensorInfo& info() const override { return info_; }

  [[nodiscard]] Result<RawReading> read() override {
    RawReading reading;
    double resolution_uj = resolution_uj_;
    int code = ask(reading, resolution_uj);
    if (reattach(code)) code = ask(reading, resolution_uj);
    if (code != 0) return refuse(code);
    if (resolution_uj != resolution_uj_) {
      return fail(ErrorKind::no_reading, "sensor.malformed",
                  info_.id + ": the counter's resolution changed", "start again");
    }
    if (what_ == What::power && reading.counts == 0) {
      return fail(ErrorKind::no_reading, "sensor.malformed", info_.name + " answered 0 W",
                  "ask less often; a card that sleeps answers nothing better");
    }
    return reading;
  }

 private:
  int ask(RawReading& reading, double& resolution_uj) {
    AmdEnergy energy;
    reading.begin = clock_.now();
    const int code = what_ == What::energy ? library_->energy(index_, energy)
                                           : library_->power(index_, reading.counts);
    reading.end = clock_.now();
    if (what_ == What::energy && code == 0) {
      reading.counts = energy.counts;
      resolution_uj = energy.resolution_uj;
    }
    return code;
  }

  // As after a driver reload or a reset: start the library again, at most once a second, and find
  // the card by where it sits. True where it is back.
  bool reattach(int code) {
    if (library_->fault(code) != AmdFault::lost || !address_) return false;
    const SteadyTime now = clock_.now();
    if (attached_once_ && now - last_attach_ < kReattachEvery) return false;
    attached_once_ = true;
    last_attach_ = now;
    if (library_->restart() != 0) return false;
    for (unsigned index = 0; index < library_->count(); ++index) {
      if (library_->card(index).address != address_) continue;
      index_ = index;
      return true;
    }
    return false;
  }

  [[nodiscard]] tl::unexpected<Error> refuse(int code) const {
    const std::string what = info_.name + " (" + info_.id + "): " + library_->words(code);
    switch (library_->fault(code)) {
      case AmdFault::unsupported:
        return fail(ErrorKind::no_reading, "sensor.unsupported", what,
                    "none: this card or driver does not offer it");
      case AmdFault::permission:
        return fail(ErrorKind::no_reading, "sensor.permission", what, kPermissionCure);
      default:
        return fail(ErrorKind::no_reading, "sensor.lost", what, kLostCure);
    }
  }

  std::shared_ptr<AmdLibrary> library_;
  unsigned index_;
  std::optional<PciAddress> address_;
  What what_;
  double resolution_uj_;
  SensorInfo info_;
  Clock& clock_;
  bool attached_once_ = false;
  SteadyTime last_attach_;
};

// One card while it is looked at.
struct Candidate {
  unsigned index = 0;
  AmdCard card;
  std::string device;
  AmdLook look;
  int energy_code = 0, power_code = 0;  // of the first look
  double watts = 0;                     // of the newest gauge reading
  SteadyTime begun;

  [[nodiscard]] bool counts() const { return energy_code == 0; }
  [[nodiscard]] bool gauges() const { return power_code == 0; }
  // Neither counter nor gauge ever saw anything: the second die of a package, or a card asleep.
  [[nodiscard]] bool dark() const {
    return (!counts() || look.second.counts == 0) && (!gauges() || look.watts.value_or(0) <= 0) &&
           (counts() || gauges());
  }
};

std::string device_of(const AmdCard& card, unsigned index) {
  return card.address ? gpu_at(*card.address) : "gpu:amd-" + std::to_string(index);
}

class Probe {
 public:
  Probe(std::shared_ptr<AmdLibrary> library, Clock& clock)
      : library_(std::move(library)), clock_(clock) {}

  Discovery run() {
    list();
    for (Candidate& one : all_) begin(one);
    look_again(kLookFor);
    if (std::any_of(all_.begin(), all_.end(), [](const Candidate& one) {
          return one.counts() && one.look.first.counts == one.look.second.counts;
        })) {
      look_again(kLookAgainFor);
    }
    for (const Candidate& one : all_) judge(one);
    relate(found_.sensors);
    return std::move(found_);
  }

 private:
  void tell(const Candidate& one, Finding::Level level, std::string code, const std::string& what,
            std::string cure) {
    const std::string who = one.card.name + " (" + one.device.substr(4) + ") ";
    found_.findings.push_back(
        {level, library_->prefix(), {std::move(code), who + what, std::move(cure)}});
  }

  // Partitions of one chip are functions of one slot: the first stands for all.
  void list() {
    for (unsigned index = 0; index < library_->count(); ++index) {
      Candidate one{.index = index, .card = library_->card(index)};
      one.device = device_of(one.card, index);
      const auto whole = std::find_if(all_.begin(), all_.end(), [&](const Candidate& other) {
        return one.card.address && other.card.address &&
               other.card.address->same_slot(*one.card.address);
      });
      if (whole == all_.end()) {
        all_.push_back(std::move(one));
      } else {
        tell(one, Finding::Level::note, "sensor.shared",
             "is a partition of the chip that " + whole->device + " meters: no figure is its own",
             "");
      }
    }
  }

  void begin(Candidate& one) {
    one.begun = clock_.now();
    one.energy_code = library_->energy(one.index, one.look.first);
    std::uint64_t counts = 0;
    one.power_code = library_->power(one.index, counts);
    one.watts = static_cast<double>(counts) * library_->watts_per_count();
  }

  void look_again(Nanos after) {
    if (all_.empty()) return;
    clock_.sleep_until(clock_.now() + after);
    for (Candidate& one : all_) {
      if (one.counts()) one.energy_code = library_->energy(one.index, one.look.second);
      one.look.seconds = Seconds(clock_.now() - one.begun).count();
      std::uint64_t counts = 0;
      if (!one.gauges() || library_->power(one.index, counts) != 0) continue;
      const double watts = static_cast<double>(counts) * library_->watts_per_count();
      one.look.watts = (one.watts + watts) / 2;
    }
  }

  void judge(const Candidate& one) {
    if (!one.counts() && !one.gauges()) return explain_silence(one);
    if (one.dark()) return explain_dark(one);
    bool counter = one.counts();
    if (counter) {
      if (const auto doubt = judge_amd_counter(one.look)) {
        tell(one, Finding::Level::problem, doubt->code,
             doubt->message + (one.gauges() ? ": its power gauge is integrated instead" : ""),
             doubt->cure);
        counter = false;
      }
    } else if (one.gauges()) {
      tell(one, Finding::Level::note, "sensor.unsupported",
           "has no energy counter: its power gauge is integrated instead",
           "ROCm 6.3 or newer; a guest of a virtual machine has none");
    }
    if (counter) add(one, What::energy, one.device);
    if (one.gauges()) {
      add(one, What::power, counter ? one.device + std::string(kGaugeSuffix) : one.device);
    }
  }

  void add(const Candidate& one, What what, const std::string& domain) {
    const bool energy = what == What::energy;
    SensorInfo info;
    info.id = library_->prefix() + ":" + one.device.substr(one.device.find_first_of("-") + 1) +
              (energy ? ":energy" : ":power");
    info.domain = domain;
    info.name = one.card.name.empty() ? "AMD GPU" : one.card.name;
    info.device = one.device;
    info.kind = energy ? SensorKind::energy_counter : SensorKind::power_gauge;
    info.scale = energy ? one.look.first.resolution_uj * 1e-6 : library_->watts_per_count();
    info.tick = kTick;
    info.accuracy = kAccuracy;
    info.max_watts = kTransient * one.card.max_watts;
    info.method = library_->title() + (energy ? " energy accumulator x resolution (whole socket)"
                                              : " socket power (its averaging is not stated)");
    found_.sensors.push_back(std::make_unique<AmdSensor>(library_, one.index, one.card.address,
                                                         what, one.look.first.resolution_uj,
                                                         std::move(info), clock_));
  }

  void explain_silence(const Candidate& one) {
    const int code = one.energy_code != 0 ? one.energy_code : one.power_code;
    const bool forbidden = library_->fault(code) == AmdFault::permission;
    const bool lost = library_->fault(code) == AmdFault::lost;
    tell(one, Finding::Level::problem,
         forbidden ? "sensor.permission"
         : lost    ? "sensor.lost"
                   : "sensor.unsupported",
         "reports neither energy nor power: " + library_->words(code),
         forbidden ? kPermissionCure
         : lost    ? kLostCure
                   : "a newer driver; inside a virtual machine, measure on the host");
  }

  // MI250 and its kin: the first die's meter covers the package, the second reads 0.
  void explain_dark(const Candidate& one) {
    const std::string whole = amd_device(*library_, one.index);
    if (!whole.empty() && whole != one.device) {
      return tell(one, Finding::Level::note, "sensor.mirrored",
                  "is the second die of the package that " + whole +
                      " meters: it reads 0 and is not counted",
                  "");
    }
    tell(
        one, Finding::Level::problem, "sensor.zero",
        "answers 0 for " + std::string(one.gauges() ? "power" : "energy") +
            ": a live card draws power",
        "wake the card (run something on it) and start again; inside a virtual machine, measure on "
        "the host");
  }

  std::shared_ptr<AmdLibrary> library_;
  Clock& clock_;
  std::vector<Candidate> all_;
  Discovery found_;
};

bool reads_nothing(const AmdLibrary& library, unsigned index) {
  AmdEnergy energy;
  std::uint64_t power = 0;
  const bool counts = library.energy(index, energy) == 0;
  const bool gauges = library.power(index, power) == 0;
  return (counts || gauges) && energy.counts == 0 && power == 0;
}

Reason doubt(std::string code, std::string message) {
  return {std::move(code), std::move(message),
          "a newer driver and firmware (ROCm 6.3 or later); the gauge stands in meanwhile"};
}

}  // namespace

std::optional<Reason> judge_amd_counter(const AmdLook& look) {
  const double resolution = look.first.resolution_uj;
  if (!(resolution >= kLeastResolution && resolution <= kMostResolution)) {
    return doubt("sensor.malformed", "states no resolution of its energy counter");
  }
  if (look.first.counts == 0 && look.second.counts == 0) {
    return doubt("sensor.zero", "has an energy counter that stands at 0");
  }
  if (look.second.counts < look.first.counts) {
    return doubt("sensor.backwards", "has an energy counter that ran backwards");
  }
  if (!look.watts || *look.watts <= 0) return std::nullopt;
  const double counted =
      static_cast<double>(look.second.counts - look.first.counts) * resolution * 1e-6;
  const double expected = *look.watts * look.seconds;
  if (counted == 0) {
    return doubt("sensor.stuck",
                 fmt::format("has an energy counter that stood still for {:.2g} s at "
                             "{:.3g} W",
                             look.seconds, *look.watts));
  }
  const double ratio = counted / expected;
  if (ratio >= kLeastRatio && ratio <= kMostRatio) return std::nullopt;
  return doubt("sensor.disagree",
               fmt::format("counted {:.3g} J where its gauge saw {:.3g} J", counted, expected));
}

std::string amd_device(const AmdLibrary& library, unsigned index) {
  const AmdCard card = library.card(index);
  if (!card.address) return {};
  const bool dark = reads_nothing(library, index);
  // Its partner sits just before it, has its name, and reads.
  std::optional<PciAddress> partner;
  for (unsigned other = 0; other < library.count(); ++other) {
    const AmdCard before = library.card(other);
    if (other == index || !before.address || !(*before.address < *card.address)) continue;
    if (before.address->same_slot(*card.address)) return gpu_at(*before.address);
    if (dark && before.name == card.name && !reads_nothing(library, other) &&
        (!partner || *partner < *before.address)) {
      partner = before.address;
    }
  }
  return gpu_at(partner.value_or(*card.address));
}

Discovery probe_amd_library(std::shared_ptr<AmdLibrary> library, Clock& clock) {
  return Probe(std::move(library), clock).run();
}

Discovery probe_amd_gpu(Clock& clock) {
  auto library = open_amd();
  if (library) return probe_amd_library(std::move(*library), clock);
  Discovery found;
  found.findings.push_back(library_finding("amdsmi", library.error()));
  return found;
}

}  // namespace joulebook
