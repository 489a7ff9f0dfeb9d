// AMD SMI (libamd_smi.so). Own declarations after amd_smi/amdsmi.h of ROCm 6.0 (library 23.4), 6.3
// (24.7) and 7 (26.x): https://github.com/ROCm/amdsmi and ROCm/rocm-systems, projects/amdsmi. Two
// records changed their layout between 6 and 7 while the calls kept their names; which one a
// library fills is told by the bytes that it touches, never by its version.
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "sensor/gpu/amd.h"
#include "sensor/gpu/vendor_library.h"

namespace joulebook {
namespace {

using Handle = void*;

constexpr int kSuccess = 0, kNotSupported = 2, kNotImplemented = 3, kNoPermission = 10,
              kOutOfResources = 15;
constexpr std::uint64_t kInitGpus = 1 << 1;
constexpr int kTypeGpu = 1;
constexpr std::uint64_t kNoCounter = ~std::uint64_t{0};
constexpr unsigned char kUntouched = 0xa5;

struct Api {
  int (*init)(std::uint64_t);
  int (*shut_down)();
  int (*words)(int, const char**);
  int (*sockets)(std::uint32_t*, Handle*);
  int (*processors)(Handle, std::uint32_t*, Handle*);
  int (*type)(Handle, int*);
  int (*bdf)(Handle, std::uint64_t*);
  int (*asic)(Handle, void*);
  int (*power_cap)(Handle, std::uint32_t, std::uint64_t*);
  int (*power)(Handle, void*);
  int (*energy)(Handle, std::uint64_t*, float*, std::uint64_t*);
  int (*processes)(Handle, std::uint32_t*, void*);
};

Api bind_all(const VendorLibrary& library) {
  Api api{};
  library.bind(api.init, {"amdsmi_init"});
  library.bind(api.shut_down, {"amdsmi_shut_down"});
  library.bind(api.words, {"amdsmi_status_code_to_string"});
  library.bind(api.sockets, {"amdsmi_get_socket_handles"});
  library.bind(api.processors, {"amdsmi_get_processor_handles"});
  library.bind(api.type, {"amdsmi_get_processor_type"});
  library.bind(api.bdf, {"amdsmi_get_gpu_device_bdf"});
  library.bind(api.asic, {"amdsmi_get_gpu_asic_info"});
  library.bind(api.power_cap, {"amdsmi_get_power_cap_info"});
  library.bind(api.power, {"amdsmi_get_power_info"});
  library.bind(api.energy, {"amdsmi_get_energy_count"});
  library.bind(api.processes, {"amdsmi_get_gpu_process_list"});
  return api;
}

// amdsmi_bdf_t: function 3 bits, device 5, bus 8, domain 48.
PciAddress address_of(std::uint64_t bdf) {
  return {static_cast<unsigned>(bdf >> 16), static_cast<unsigned>(bdf >> 8 & 0xff),
          static_cast<unsigned>(bdf >> 3 & 0x1f), static_cast<unsigned>(bdf & 7)};
}

// amdsmi_power_info_t. Until ROCm 6.3: current, average (W), three voltages and the limit, 32 bits
// each; unknown is 0xffff. Since: 64 bits of socket power before current and average, voltages of
// 64 bits, and the limit as the 11th word; unknown is all ones. The older never touches that word.
std::optional<std::uint64_t> socket_watts(const std::array<std::uint32_t, 128>& words) {
  constexpr std::uint32_t kPattern = 0x0101'0101u * kUntouched;
  constexpr std::size_t kLimitOfTheNewer = 10;
  const bool newer = words[kLimitOfTheNewer] != kPattern && words[kLimitOfTheNewer] != 0;
  const auto known = [](std::uint32_t watts) { return watts != 0xffff && watts != 0xffff'ffff; };
  if (newer && words[1] == 0 && known(words[0])) return words[0];
  for (const std::size_t at :
       newer ? std::array<std::size_t, 2>{2, 3} : std::array<std::size_t, 2>{0, 1}) {
    if (known(words[at])) return words[at];
  }
  return std::nullopt;
}

// amdsmi_proc_info_t, by its size: 32 letters of name before the pid until ROCm 6.3, 256 since.
struct ProcessRecord {
  std::size_t size, pid_at;
};
constexpr ProcessRecord kProcessRecords[] = {{224, 32}, {704, 256}};
constexpr std::size_t kLargestRecord = 704;

// The pids in `count` records that the library wrote; nothing where it wrote some other layout.
std::optional<std::vector<int>> pids_in(const std::vector<unsigned char>& bytes,
                                        std::size_t count) {
  const auto last = std::find_if(bytes.rbegin(), bytes.rend(),
                                 [](unsigned char byte) { return byte != kUntouched; });
  const auto touched = static_cast<std::size_t>(bytes.rend() - last);
  for (const ProcessRecord& record : kProcessRecords) {
    if (record.size * count != touched) continue;
    std::vector<int> pids;
    for (std::size_t i = 0; i < count; ++i) {
      std::uint32_t pid = 0;
      std::memcpy(&pid, bytes.data() + i * record.size + record.pid_at, sizeof pid);
      pids.push_back(static_cast<int>(pid));
    }
    std::sort(pids.begin(), pids.end());
    return pids;
  }
  return std::nullopt;
}

class AmdSmi final : public AmdLibrary {
 public:
  AmdSmi(std::unique_ptr<VendorLibrary> library, const Api& api)
      : library_(std::move(library)), api_(api) {
    list();
  }
  ~AmdSmi() override {
    if (api_.shut_down != nullptr) api_.shut_down();
  }

  [[nodiscard]] std::string prefix() const override { return "amdsmi"; }
  [[nodiscard]] std::string title() const override { return "AMD SMI"; }
  [[nodiscard]] unsigned count() const override { return static_cast<unsigned>(handles_.size()); }
  [[nodiscard]] double watts_per_count() const override { return 1; }

  [[nodiscard]] AmdCard card(unsigned index) const override {
    AmdCard card;
    std::uint64_t bdf = 0;
    if (api_.bdf != nullptr && api_.bdf(handles_[index], &bdf) == kSuccess) {
      card.address = address_of(bdf);
    }
    // The market's name is the record's first member in every version; the rest is passed over.
    std::array<char, 4096> asic{};
    if (api_.asic != nullptr && api_.asic(handles_[index], asic.data()) == kSuccess) {
      card.name.assign(asic.data(), ::strnlen(asic.data(), 255));
    }
    // amdsmi_power_cap_info_t begins with the cap, in microwatts.
    std::array<std::uint64_t, 32> caps{};
    if (api_.power_cap != nullptr && api_.power_cap(handles_[index], 0, caps.data()) == kSuccess) {
      card.max_watts = static_cast<double>(caps[0]) * 1e-6;
    }
    return card;
  }

  int energy(unsigned index, AmdEnergy& energy) const override {
    if (api_.energy == nullptr || index >= handles_.size()) return kNotSupported;
    float resolution = 0;
    const int code =
        api_.energy(handles_[index], &energy.counts, &resolution, &energy.timestamp_ns);
    energy.resolution_uj = static_cast<double>(resolution);
    return code == kSuccess && energy.counts == kNoCounter ? kNotSupported : code;
  }

  int power(unsigned index, std::uint64_t& counts) const override {
    if (api_.power == nullptr || index >= handles_.size()) return kNotSupported;
    std::array<std::uint32_t, 128> words;
    std::memset(words.data(), kUntouched, sizeof words);
    const int code = api_.power(handles_[index], words.data());
    if (code != kSuccess) return code;
    const auto watts = socket_watts(words);
    if (!watts) return kNotSupported;
    counts = *watts;
    return kSuccess;
  }

  [[nodiscard]] AmdFault fault(int code) const override {
    switch (code) {
      case kSuccess:
        return AmdFault::none;
      case kNotSupported:
      case kNotImplemented:
        return AmdFault::unsupported;
      case kNoPermission:
        return AmdFault::permission;
      default:
        return AmdFault::lost;
    }
  }

  [[nodiscard]] std::string words(int code) const override {
    const char* text = nullptr;
    if (api_.words != nullptr && api_.words(code, &text) == kSuccess && text != nullptr)
      return text;
    return "AMD SMI code " + std::to_string(code);
  }

  [[nodiscard]] std::optional<std::vector<int>> processes(unsigned index) const override {
    if (api_.processes == nullptr) return std::nullopt;
    for (std::uint32_t room = 64; room <= 4096; room *= 8) {
      std::vector<unsigned char> bytes(room * kLargestRecord, kUntouched);
      std::uint32_t count = room;
      const int code = api_.processes(handles_[index], &count, bytes.data());
      if (code == kOutOfResources || count > room) continue;
      if (code != kSuccess) return std::nullopt;
      if (count == 0) return std::vector<int>{};
      return pids_in(bytes, count);
    }
    return std::nullopt;
  }

  int restart() override {
    if (api_.shut_down != nullptr) api_.shut_down();
    const int code = api_.init(kInitGpus);
    if (code == kSuccess) list();
    return code;
  }

 private:
  void list() {
    handles_.clear();
    std::uint32_t sockets = 0;
    if (api_.sockets(&sockets, nullptr) != kSuccess) return;
    std::vector<Handle> all(sockets);
    if (api_.sockets(&sockets, all.data()) != kSuccess) return;
    for (const Handle socket : all) {
      std::uint32_t count = 0;
      if (api_.processors(socket, &count, nullptr) != kSuccess) continue;
      std::vector<Handle> processors(count);
      if (api_.processors(socket, &count, processors.data()) != kSuccess) continue;
      for (const Handle processor : processors) {
        int type = kTypeGpu;
        if (api_.type != nullptr && api_.type(processor, &type) != kSuccess) continue;
        if (type == kTypeGpu) handles_.push_back(processor);
      }
    }
  }

  std::unique_ptr<VendorLibrary> library_;
  Api api_;
  std::vector<Handle> handles_;
};

}  // namespace

Result<std::shared_ptr<AmdLibrary>> open_amd_smi(const std::string& soname) {
  auto opened = open_vendor_library(
      soname,
      "install AMD SMI (ROCm's package amd-smi-lib) and let the linker find it (ldconfig, or "
      "LD_LIBRARY_PATH=/opt/rocm/lib)");
  if (!opened) return fail(opened.error());
  const Api api = bind_all(**opened);
  if (api.init == nullptr || api.sockets == nullptr || api.processors == nullptr) {
    return fail(ErrorKind::no_reading, "sensor.library_broken",
                soname + " lacks the calls that list devices", "install ROCm 6.0 or newer");
  }
  if (const int code = api.init(kInitGpus); code != kSuccess) {
    return fail(ErrorKind::no_reading, "sensor.driver",
                "AMD SMI did not start: code " + std::to_string(code),
                "load the driver (sudo modprobe amdgpu), or give the container the GPU "
                "(--device /dev/kfd --device /dev/dri)");
  }
  return std::make_shared<AmdSmi>(std::move(*opened), api);
}

}  // namespace joulebook
