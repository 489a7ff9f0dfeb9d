#include "physics/serving/machines.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace joulebook::serving {
namespace {

struct Kin {
  std::string_view name;  // of data/hardware.csv, or what it begins with
  Kind kind;
  bool fitted = false;
};

// The kind nearest in generation: same tensor cores, same class of memory. The first that fits.
constexpr auto kKin = std::to_array<Kin>({
    {"H100 SXM5 80GB", Kind::h100, true},
    {"B200 HGX 180GB", Kind::b200, true},
    {"A100 SXM4 40GB", Kind::a100, true},
    {"A40", Kind::a40, true},
    {"V100 SXM2 16/32GB", Kind::v100, true},
    {"GB200", Kind::b200},
    {"B300", Kind::b200},
    {"MI355X", Kind::b200},
    {"TPU v7", Kind::b200},
    {"A100", Kind::a100},
    {"A30", Kind::a100},
    {"MI250", Kind::a100},
    {"Gaudi 2", Kind::a100},
    {"TPU v4", Kind::a100},
    {"TPU v5", Kind::a100},
    {"P100", Kind::v100},
    {"T4", Kind::v100},
    {"RTX 2080", Kind::v100},
    {"TPU v2", Kind::v100},
    {"TPU v3", Kind::v100},
    {"A10", Kind::a40},
    {"L4", Kind::a40},
    {"RTX", Kind::a40},
    {"Apple", Kind::a40},
});

Kin kin_of(std::string_view name) {
  const auto* at =
      std::ranges::find_if(kKin, [&](const Kin& kin) { return name.starts_with(kin.name); });
  return at == kKin.end() ? Kin{name, Kind::h100} : *at;
}

}  // namespace

Result<Device> serving_device(const physics::Hardware& h) {
  const auto rate = h.rate16();
  if (!rate || !h.tdp_w) {
    return fail(ErrorKind::input, "hardware.sheet",
                fmt::format("nobody has published the {} of {}",
                            rate ? "power limit" : "16-bit rate", h.name),
                "name another device, as \"H100\" or \"RTX 4090\"");
  }
  const Kin kin = kin_of(h.name);
  return Device{h.name,   kin.kind, h.bandwidth,    *rate, h.fp8.value_or(*rate),
                *h.tdp_w, h.memory_bytes, kin.fitted, std::nullopt};
}

double idle_watts(const Device& device, const Parameters& p) {
  if (device.cpu) return device.cpu->idle_w.value;
  return device.power_limit * p[idle_h100 + static_cast<std::size_t>(device.kind)];
}

Result<Device> find_device(std::string_view name) {
  const auto hardware = physics::find_hardware(name);
  if (!hardware) return fail(hardware.error());
  return serving_device(*hardware);
}

}  // namespace joulebook::serving
