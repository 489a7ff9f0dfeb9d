#include "physics/diffusion/devices.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "physics/machine/hardware.h"

namespace joulebook::diffusion {
namespace {

struct Kin {
  std::string_view name;  // of data/hardware.csv, or what it begins with
  Generation generation;
  bool measured = false;
};

// The generation nearest to it, the first that fits; all others borrow the shares of Ampere.
constexpr auto kKin = std::to_array<Kin>({
    {"B200 HGX 180GB", Generation::blackwell, true},
    {"H100 SXM5 80GB", Generation::hopper, true},
    {"A100 SXM4 40GB", Generation::ampere, true},
    {"GB200", Generation::blackwell},
    {"B300", Generation::blackwell},
    {"RTX 5090", Generation::blackwell},
    {"RTX PRO 6000 Blackwell", Generation::blackwell},
    {"MI355X", Generation::blackwell},
    {"H100", Generation::hopper},
    {"H200", Generation::hopper},
    {"H800", Generation::hopper},
    {"H20", Generation::hopper},
    {"GH200", Generation::hopper},
    {"MI3", Generation::hopper},
    {"Gaudi 3", Generation::hopper},
});

}  // namespace

Result<Device> find_device(std::string_view name) {
  const auto h = physics::find_hardware(name);
  if (!h) return fail(h.error());
  const auto peak = h->rate16();
  if (!peak || !h->tdp_w || !h->link_bytes_s) {
    return fail(ErrorKind::input, "hardware.sheet",
                fmt::format("the 16-bit rate, the power limit or the link of {} was never published",
                            h->name),
                "name another device, as \"H100\" or \"RTX 4090\"");
  }
  const auto* kin =
      std::ranges::find_if(kKin, [&](const Kin& k) { return h->name.starts_with(k.name); });
  const bool known = kin != kKin.end();
  return Device{h->name,
                known ? kin->generation : Generation::ampere,
                known && kin->measured,
                *peak,
                h->fp32.value_or(0),
                h->bandwidth,
                *h->tdp_w,
                *h->link_bytes_s};
}

}  // namespace joulebook::diffusion
