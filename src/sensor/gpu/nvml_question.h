#pragma once
// One way to ask a board for a number, and what a refusal means.
#include <joulebook/result.h>

#include <cstdint>
#include <optional>
#include <string>

#include "sensor/gpu/nvml_api.h"

namespace joulebook {

struct NvmlQuestion {
  enum class Call { total_energy, field, power_usage };
  Call call = Call::power_usage;
  unsigned field = 0;  // of Call::field
  unsigned scope = 0;
};

inline constexpr const char* kNvmlLostCure =
    "reset the board (sudo nvidia-smi --gpu-reset) or reboot; see dmesg for Xid";

// NVML's code; `counts` (mJ or mW) is set where it is success. No allocation.
[[nodiscard]] int ask_nvml(const NvmlApi& api, NvmlDevice device, const NvmlQuestion& question,
                           std::uint64_t& counts);

// A value as a whole number, whatever type the driver chose; nothing for negative or unknown.
[[nodiscard]] std::optional<std::uint64_t> whole_number(int type, const NvmlValue& value);

// The failed reading of a sensor: "sensor.unsupported", "sensor.permission", "sensor.lost".
[[nodiscard]] tl::unexpected<Error> nvml_refusal(const NvmlLibrary& library, const std::string& who,
                                                 int code);

}  // namespace joulebook
