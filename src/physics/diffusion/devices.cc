#include "physics/diffusion/devices.h"

#include <fmt/format.h>

#include <vector>

#include "core/text.h"

namespace joulebook::diffusion {
namespace {

using enum Generation;
// Data sheets (dense rates): NVIDIA, as listed with sources in the shared hardware table; 32-bit
// rates and links from memory. Ada and older cards borrow the shares of peak of Ampere.
constexpr Device kDevices[] = {
    {"B200", "b200", blackwell, true, 2250e12, 75e12, 8000e9, 1000, 900e9},
    {"H200", "h200", hopper, false, 989.4e12, 67e12, 4800e9, 700, 450e9},
    {"H100 PCIe", "h100pcie", hopper, false, 756e12, 51e12, 2000e9, 350, 64e9},
    {"H100 NVL", "h100nvl", hopper, false, 835.5e12, 60e12, 3938e9, 400, 300e9},
    {"H100 SXM", "h100", hopper, true, 989.4e12, 67e12, 3350e9, 700, 450e9},
    {"A100 PCIe 80GB", "a100pcie", ampere, false, 312e12, 19.5e12, 1935e9, 300, 64e9},
    {"A100 SXM4 80GB", "a100sxm480gb", ampere, false, 312e12, 19.5e12, 2039e9, 400, 300e9},
    {"A100 SXM4 80GB", "a10080gb", ampere, false, 312e12, 19.5e12, 2039e9, 400, 300e9},
    {"A100 SXM4 40GB", "a100", ampere, true, 312e12, 19.5e12, 1555e9, 400, 300e9},
    {"L40S", "l40s", ampere, false, 362e12, 91.6e12, 864e9, 350, 32e9},
    {"L4", "l4", ampere, false, 121e12, 30.3e12, 300e9, 72, 32e9},
    {"A40", "a40", ampere, false, 149.7e12, 37.4e12, 696e9, 300, 32e9},
    {"V100", "v100", ampere, false, 125e12, 15.7e12, 900e9, 300, 150e9},
    {"RTX 4090", "4090", ampere, false, 165e12, 82.6e12, 1008e9, 450, 32e9},
    {"RTX 3090", "3090", ampere, false, 71e12, 35.6e12, 936e9, 350, 32e9},
};

std::string squeezed(std::string_view name) {
  std::string out;
  for (const char c : lower(name))
    if (c != ' ' && c != '-' && c != '_') out += c;
  return out;
}

}  // namespace

Result<Device> find_device(std::string_view name) {
  const std::string wanted = squeezed(name);
  for (const Device& device : kDevices)
    if (wanted.find(device.match) != std::string::npos) return device;
  std::vector<std::string> names;
  for (const Device& device : kDevices)
    if (names.empty() || names.back() != device.name) names.emplace_back(device.name);
  const auto near = nearest(name, names);
  return fail(ErrorKind::input, "gpu.unknown",
              fmt::format("no data sheet of a GPU called '{}'", name),
              near ? fmt::format("did you mean {}?", *near)
                   : fmt::format("known: {}", join(names, ", ")));
}

}  // namespace joulebook::diffusion
