#include "account/footprint/embodied.h"

#include <fmt/format.h>

#include <cmath>

#include "core/text.h"

namespace joulebook::account {
namespace {

constexpr std::string_view kUnknownWater = "no source gives the water of making hardware";
constexpr double kDevicesPerServer = 8;  // of the server whose making EcoLogits gives (p5.48xlarge)

const Factor& built_in(std::string_view id) { return *factor(id).value(); }

// Between the sources: the shorter and the longer life; as much as BLOOM's server was busy, and always.
Factor usual_lifetime() {
  Factor f = built_in("embodied.server-lifetime-assumption");
  const Factor& longer = built_in("lifetime.llmcarbon");
  f.measure.hi = longer.measure.value;
  f.measure.range = true;
  f.source += "; " + longer.source;
  return f;
}

Factor usual_utilisation() {
  Factor f = built_in("utilisation.bloom-api");
  f.measure.hi = 1;
  f.measure.value = std::sqrt(f.measure.lo * f.measure.hi);
  f.measure.range = true;
  f.name = "Share of its life that the hardware works: from BLOOM's server to always, the geometric middle";
  f.status = "derived";
  return f;
}

// A server's making by accelerator: EcoLogits over eight, down to what Chien et al. leave for an A100.
Factor server_share() {
  Factor f = built_in("embodied.aws-p5.48xlarge-server-without-gpus");
  const Factor& chien = built_in("embodied.a100-server-share-per-gpu");
  const Factor& a100 = built_in("embodied.nvidia-a100-80gb");
  f.id = "embodied.server-share";
  f.name = "Making of a server without accelerators, by accelerator";
  f.measure = Measure::exact(f.measure.value / kDevicesPerServer, f.measure.unit);
  f.measure.lo = chien.measure.value - a100.measure.value;
  f.measure.range = true;
  f.source += " over 8; low end: " + chien.source + ", less the A100";
  f.status = "derived";
  return f;
}

Factor eighth_of_server(std::string_view what) {
  Factor f = built_in(fmt::format("embodied.aws-p5.48xlarge-server-without-gpus-{}", what));
  f.id += ".share";
  f.name += ", by accelerator";
  f.measure = Measure::exact(f.measure.value / kDevicesPerServer, f.measure.unit);
  f.status = "derived";
  return f;
}

const Factor* maker_of(std::string_view device) {
  const std::string name = lower(device);
  const auto is = [&](std::string_view kind) {
    const auto at = name.find(kind);
    return at != std::string::npos && (at + kind.size() == name.size() || name[at + kind.size()] < '0' || name[at + kind.size()] > '9');
  };
  if (is("h100")) return &built_in("embodied.nvidia-h100-80gb-hgx-baseboard-8");
  if (is("a100")) return &built_in("embodied.nvidia-a100-80gb");
  return nullptr;
}

Quantity unknown(std::string unit, std::string_view device, std::string_view what) {
  return Quantity::absent(std::move(unit), {"embodied.unknown", fmt::format("no source gives the {} of making '{}'", what, device),
                                            what == "carbon" ? "give the device's own: --embodied '200 kgCO2e'" : ""});
}

struct Usual {
  Factor lifetime, utilisation;
};

// Making (the sum of `parts`) by share of life.
Quantity by_time(const HardwareUse& use, std::vector<const Factor*> parts, const Usual& usual, std::string unit) {
  const std::size_t count = parts.size();
  parts.push_back(&usual.lifetime);
  parts.push_back(&usual.utilisation);
  const auto share = [count, devices = use.devices](std::span<const double> v) {
    double making = 0;
    for (std::size_t i = 0; i < count; ++i) making += v[i];
    return devices * making / (v[count] * v[count + 1]);
  };
  const std::string method = fmt::format("making of {:g} x {} and their server's share, by used time over lifetime x utilisation", use.devices, use.device);
  return reckoned(use.time, parts, share, {std::move(unit), "making of hardware, cradle to gate", method});
}

Status valid(const HardwareUse& use, const Usual& usual) {
  if (!(use.devices > 0) || !std::isfinite(use.devices)) {
    return fail(ErrorKind::input, "embodied.devices", fmt::format("{:g} devices", use.devices), "give --devices above 0");
  }
  if (!(usual.utilisation.measure.lo > 0) || usual.utilisation.measure.hi > 1) {
    return fail(ErrorKind::input, "embodied.utilisation", "utilisation is a share above 0 and at most 1", "give --utilisation 0.5 or '30 %'");
  }
  if (!(usual.lifetime.measure.lo > 0)) {
    return fail(ErrorKind::input, "embodied.lifetime", "a lifetime of 0", "give --lifetime '4 years'");
  }
  return {};
}

}  // namespace

Embodied no_embodied(const Reason& reason) {
  return {Quantity::absent("kgCO2e", reason), Quantity::absent("kgSbe", reason), Quantity::absent("J", reason),
          Quantity::absent("m3", {"embodied.unknown", std::string(kUnknownWater), ""}), {}};
}

Result<Embodied> embodied(const HardwareUse& use) {
  const Usual usual{use.lifetime.value_or(usual_lifetime()), use.utilisation.value_or(usual_utilisation())};
  if (auto ok = valid(use, usual); !ok) return fail(ok.error());
  const Factor* maker = maker_of(use.device);
  const Factor share = server_share();
  Embodied e = no_embodied({"embodied.unknown", "", ""});
  e.constants = {usual.lifetime, usual.utilisation};
  if (use.making) {
    e.carbon = by_time(use, {&*use.making}, usual, "kgCO2e");
    e.constants.push_back(*use.making);
  } else if (maker != nullptr) {
    e.carbon = by_time(use, {maker, &share}, usual, "kgCO2e");
    e.constants.insert(e.constants.end(), {*maker, share});
  } else {
    e.carbon = unknown("kgCO2e", use.device, "carbon");
  }
  if (maker == &built_in("embodied.nvidia-a100-80gb")) {
    const Factor &ore = built_in("embodied.nvidia-a100-80gb-adpe"), &energy = built_in("embodied.nvidia-a100-80gb-primary-energy");
    const Factor ore_share = eighth_of_server("adpe"), energy_share = eighth_of_server("primary-energy");
    e.antimony = by_time(use, {&ore, &ore_share}, usual, "kgSbe");
    e.primary = by_time(use, {&energy, &energy_share}, usual, "J");
    e.constants.insert(e.constants.end(), {ore, ore_share, energy, energy_share});
  } else {
    e.antimony = unknown("kgSbe", use.device, "antimony");
    e.primary = unknown("J", use.device, "primary energy");
  }
  return e;
}

}  // namespace joulebook::account
