// ROCm SMI (librocm_smi64.so), AMD SMI's predecessor. Own declarations after rocm_smi/rocm_smi.h of
// Debian's librocm-smi-dev 5.2.3 and, for rsmi_dev_power_get, ROCm 6.0. Powers are microwatts.
#include <array>
#include <cstring>
#include <utility>

#include "sensor/gpu/amd.h"
#include "sensor/gpu/vendor_library.h"

namespace joulebook {
namespace {

constexpr int kSuccess = 0, kNotSupported = 2, kPermission = 4, kNotImplemented = 9;
constexpr std::uint64_t kNoCounter = ~std::uint64_t{0};

struct Api {
  int (*init)(std::uint64_t);
  int (*shut_down)();
  int (*words)(int, const char**);
  int (*count)(std::uint32_t*);
  int (*pci)(std::uint32_t, std::uint64_t*);
  int (*name)(std::uint32_t, char*, std::size_t);
  int (*power_cap)(std::uint32_t, std::uint32_t, std::uint64_t*);
  int (*power)(std::uint32_t, std::uint64_t*, int*);
  int (*average_power)(std::uint32_t, std::uint32_t, std::uint64_t*);
  int (*energy)(std::uint32_t, std::uint64_t*, float*, std::uint64_t*);
};

Api bind_all(const VendorLibrary& library) {
  Api api{};
  library.bind(api.init, {"rsmi_init"});
  library.bind(api.shut_down, {"rsmi_shut_down"});
  library.bind(api.words, {"rsmi_status_string"});
  library.bind(api.count, {"rsmi_num_monitor_devices"});
  library.bind(api.pci, {"rsmi_dev_pci_id_get"});
  library.bind(api.name, {"rsmi_dev_name_get"});
  library.bind(api.power_cap, {"rsmi_dev_power_cap_get"});
  library.bind(api.power, {"rsmi_dev_power_get"});
  library.bind(api.average_power, {"rsmi_dev_power_ave_get"});
  library.bind(api.energy, {"rsmi_dev_energy_count_get"});
  return api;
}

// rsmi_dev_pci_id_get: domain from bit 32, bus 8 bits from 8, device 5 from 3, function 3. (Newer
// versions put a partition's number into bits 28 to 31.)
PciAddress address_of(std::uint64_t id) {
  return {static_cast<unsigned>(id >> 32), static_cast<unsigned>(id >> 8 & 0xff),
          static_cast<unsigned>(id >> 3 & 0x1f), static_cast<unsigned>(id & 7)};
}

class RocmSmi final : public AmdLibrary {
 public:
  RocmSmi(std::unique_ptr<VendorLibrary> library, const Api& api)
      : library_(std::move(library)), api_(api) {
    list();
  }
  ~RocmSmi() override {
    if (api_.shut_down != nullptr) api_.shut_down();
  }

  [[nodiscard]] std::string prefix() const override { return "rocmsmi"; }
  [[nodiscard]] std::string title() const override { return "ROCm SMI"; }
  [[nodiscard]] unsigned count() const override { return count_; }
  [[nodiscard]] double watts_per_count() const override { return 1e-6; }

  [[nodiscard]] AmdCard card(unsigned index) const override {
    AmdCard card;
    std::uint64_t number = 0;
    if (api_.pci != nullptr && api_.pci(index, &number) == kSuccess) {
      card.address = address_of(number);
    }
    std::array<char, 256> name{};
    if (api_.name != nullptr && api_.name(index, name.data(), name.size() - 1) == kSuccess) {
      card.name = name.data();
    }
    if (api_.power_cap != nullptr && api_.power_cap(index, 0, &number) == kSuccess) {
      card.max_watts = static_cast<double>(number) * 1e-6;
    }
    return card;
  }

  int energy(unsigned index, AmdEnergy& energy) const override {
    if (api_.energy == nullptr) return kNotSupported;
    float resolution = 0;
    const int code = api_.energy(index, &energy.counts, &resolution, &energy.timestamp_ns);
    energy.resolution_uj = static_cast<double>(resolution);
    return code == kSuccess && energy.counts == kNoCounter ? kNotSupported : code;
  }

  int power(unsigned index, std::uint64_t& counts) const override {
    int kind = 0, code = kNotSupported;
    if (api_.power != nullptr) code = api_.power(index, &counts, &kind);
    if (code == kSuccess || api_.average_power == nullptr) return code;
    return api_.average_power(index, 0, &counts);
  }

  [[nodiscard]] AmdFault fault(int code) const override {
    if (code == kSuccess) return AmdFault::none;
    if (code == kNotSupported || code == kNotImplemented) return AmdFault::unsupported;
    return code == kPermission ? AmdFault::permission : AmdFault::lost;
  }

  [[nodiscard]] std::string words(int code) const override {
    const char* text = nullptr;
    if (api_.words != nullptr && api_.words(code, &text) == kSuccess && text != nullptr)
      return text;
    return "ROCm SMI code " + std::to_string(code);
  }

  // Its list names devices by process, and needs no more than fdinfo tells.
  [[nodiscard]] std::optional<std::vector<int>> processes(unsigned) const override {
    return std::nullopt;
  }

  int restart() override {
    if (api_.shut_down != nullptr) api_.shut_down();
    const int code = api_.init(0);
    if (code == kSuccess) list();
    return code;
  }

 private:
  void list() {
    count_ = 0;
    if (std::uint32_t count = 0; api_.count(&count) == kSuccess) count_ = count;
  }

  std::unique_ptr<VendorLibrary> library_;
  Api api_;
  unsigned count_ = 0;
};

}  // namespace

Result<std::shared_ptr<AmdLibrary>> open_rocm_smi(const std::string& soname) {
  auto opened = open_vendor_library(
      soname, "install ROCm SMI (Debian: sudo apt install librocm-smi64-1) or, better, AMD SMI");
  if (!opened) return fail(opened.error());
  const Api api = bind_all(**opened);
  if (api.init == nullptr || api.count == nullptr) {
    return fail(ErrorKind::no_reading, "sensor.library_broken",
                soname + " lacks the calls that list devices", "install ROCm 5.2 or newer");
  }
  if (const int code = api.init(0); code != kSuccess) {
    return fail(ErrorKind::no_reading, "sensor.driver",
                "ROCm SMI did not start: code " + std::to_string(code),
                "load the driver (sudo modprobe amdgpu), or give the container the GPU "
                "(--device /dev/kfd --device /dev/dri)");
  }
  return std::make_shared<RocmSmi>(std::move(*opened), api);
}

Result<std::shared_ptr<AmdLibrary>> open_amd(const std::string& amd_smi,
                                             const std::string& rocm_smi) {
  auto preferred = open_amd_smi(amd_smi);
  if (preferred && (*preferred)->count() > 0) return preferred;
  auto other = open_rocm_smi(rocm_smi);
  if (other) return other;
  const bool only_rocm = !preferred && preferred.error().code == "sensor.library_missing" &&
                         other.error().code != "sensor.library_missing";
  return only_rocm ? other : preferred;
}

}  // namespace joulebook
