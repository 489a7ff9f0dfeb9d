#pragma once
// AMD GPUs: the seam behind which AMD SMI and ROCm SMI look alike, and the sensors made of it. AMD
// SMI is asked first; ROCm SMI only where it is missing or does not start, so that no card is ever
// counted by both.
//
// Sensors: "amdsmi:<pci>:energy" (or "rocmsmi:...") on "gpu:PCI-<pci>", "...:power" on
// "gpu:PCI-<pci>.gauge", or without the suffix where there is no counter to trust. The counter is
// an accumulator that counts multiples of a resolution which the library states (15.3 uJ): one
// count is one resolution, never one microjoule. A counter is believed only after a look at it (see
// judge_amd_counter). Two dies of one package (MI250) and partitions of one chip are one device.
//
// Factories: probe_amd_gpu (discover.h). A sensor is read by one thread.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "sensor/gpu/pci_address.h"
#include "sensor/sensor.h"

namespace joulebook {

struct AmdCard {
  std::optional<PciAddress> address;
  std::string name;      // "AMD Instinct MI300X"
  double max_watts = 0;  // the power cap; 0: not known
};

struct AmdEnergy {
  std::uint64_t counts = 0;
  double resolution_uj = 0;        // microjoules a count, as the library states it
  std::uint64_t timestamp_ns = 0;  // of the card's firmware
};

// What a vendor's code means here.
enum class AmdFault { none, unsupported, permission, lost };

class AmdLibrary {
 public:
  virtual ~AmdLibrary() = default;
  [[nodiscard]] virtual std::string prefix() const = 0;  // "amdsmi"
  [[nodiscard]] virtual std::string title() const = 0;   // "AMD SMI"
  [[nodiscard]] virtual unsigned count() const = 0;
  [[nodiscard]] virtual AmdCard card(unsigned index) const = 0;
  // Codes of the library; 0 is success. No allocation.
  virtual int energy(unsigned index, AmdEnergy& energy) const = 0;
  virtual int power(unsigned index, std::uint64_t& counts) const = 0;
  [[nodiscard]] virtual double watts_per_count() const = 0;
  [[nodiscard]] virtual AmdFault fault(int code) const = 0;
  [[nodiscard]] virtual std::string words(int code) const = 0;
  // Who computes on the card, in the numbers of /proc here, ascending; nothing where the library
  // cannot tell.
  [[nodiscard]] virtual std::optional<std::vector<int>> processes(unsigned index) const = 0;
  // Stops and starts again, as after a driver reload; cards may then have other indices.
  virtual int restart() = 0;
};

inline constexpr const char* kAmdSmiSoname = "libamd_smi.so";
inline constexpr const char* kRocmSmiSoname = "librocm_smi64.so";

// Errors, all no_reading: "sensor.library_missing", "sensor.library_broken", "sensor.driver".
[[nodiscard]] Result<std::shared_ptr<AmdLibrary>> open_amd_smi(
    const std::string& soname = kAmdSmiSoname);
[[nodiscard]] Result<std::shared_ptr<AmdLibrary>> open_rocm_smi(
    const std::string& soname = kRocmSmiSoname);
// AMD SMI, else ROCm SMI; the error is AMD SMI's where neither starts, unless only ROCm SMI is
// here.
[[nodiscard]] Result<std::shared_ptr<AmdLibrary>> open_amd(
    const std::string& amd_smi = kAmdSmiSoname, const std::string& rocm_smi = kRocmSmiSoname);

// Two looks at a counter and its gauge, `seconds` apart.
struct AmdLook {
  AmdEnergy first, second;
  double seconds = 0;
  std::optional<double> watts;  // mean of the gauge's two readings; nothing: no gauge
};

// Why a counter is not believed: "sensor.malformed" (no resolution), "sensor.zero",
// "sensor.backwards" (amdsmi #115), "sensor.stuck" (amdsmi #22, #38), "sensor.disagree" (energy /
// (power x time) outside 0.1 to 10). Nothing: believed. Pure.
[[nodiscard]] std::optional<Reason> judge_amd_counter(const AmdLook& look);

// The sensors of every card of a library, and what was found about them.
[[nodiscard]] Discovery probe_amd_library(std::shared_ptr<AmdLibrary> library, Clock& clock);

// The device that the card at `index` is metered as: itself, the first partition of its chip, or
// the first die of its package. Empty where the card cannot be named.
[[nodiscard]] std::string amd_device(const AmdLibrary& library, unsigned index);

}  // namespace joulebook
