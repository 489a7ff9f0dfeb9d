#include "account/footprint/boundary.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"

namespace joulebook::account {
namespace {

constexpr PresetText kPresets[] = {
    {Preset::gpu, "gpu", "active accelerators", "device meters (NVML, AMD SMI)"},
    {Preset::it, "it", "accelerators and their host", "Google 2025, arXiv 2508.15734: 0.14 + 0.06 Wh; benchlab for the low end"},
    {Preset::facility, "facility", "accelerators, host, building", "PUE: ISO/IEC 30134-2"},
    {Preset::full_stack, "full-stack", "accelerators, host, idle reserve, building", "Google 2025, arXiv 2508.15734: 0.14 + 0.06 + 0.02 + 0.02 Wh"},
    {Preset::sci_ai, "sci-ai", "energy as full-stack; carbon with the hardware's share", "SCI for AI, Green Software Foundation; SCI: ISO/IEC 21031:2024"},
    {Preset::ghg, "ghg", "energy as facility; carbon by scopes 2 and 3", "GHG Protocol Corporate Standard, Scope 2 Guidance 2015, Scope 3 Standard 2011"}};

const Factor& built_in(std::string_view id) { return *factor(id).value(); }

// a / b, each within the rounding that it was printed with.
Factor over(std::string id, std::string name, const Factor& a, const Factor& b) {
  Factor f = a;
  f.id = std::move(id), f.name = std::move(name);
  f.measure = Measure::exact(a.measure.value / b.measure.value, {});
  f.measure.lo = (a.measure.value - a.measure.rounding) / (b.measure.value + b.measure.rounding);
  f.measure.hi = (a.measure.value + a.measure.rounding) / (b.measure.value - b.measure.rounding);
  f.measure.range = true;
  f.status = "derived";
  return f;
}

// One level against active accelerators.
double level(Preset p, double host, double idle, double pue) {
  switch (p) {
    case Preset::gpu:
      return 1;
    case Preset::it:
      return 1 + host;
    case Preset::facility:
    case Preset::ghg:
      return (1 + host) * pue;
    case Preset::full_stack:
    case Preset::sci_ai:
      return (1 + host + idle) * pue;
  }
  return 1;
}

// Those of one energy.
Preset energy_of(Preset p) {
  return p == Preset::sci_ai ? Preset::full_stack : p == Preset::ghg ? Preset::facility : p;
}

}  // namespace

std::span<const PresetText> presets() { return kPresets; }

std::string_view to_string(Preset preset) {
  return std::ranges::find(kPresets, preset, &PresetText::preset)->name;
}

Result<Preset> preset_of(std::string_view name) {
  std::vector<std::string> names;
  for (const PresetText& p : kPresets) {
    if (p.name == name) return p.preset;
    names.emplace_back(p.name);
  }
  return fail(ErrorKind::usage, "preset.unknown", fmt::format("'{}' is no boundary", name), "one of: " + join(names, ", "));
}

bool includes_building(Preset preset) { return preset != Preset::gpu && preset != Preset::it; }

const Factor& Overheads::pue_for(Preset preset) const {
  if (pue) return *pue;
  return built_in(energy_of(preset) == Preset::facility ? "pue.unknown-industry-average" : "pue.google-cloud");
}

Overheads published_overheads() {
  const Factor& accelerator = built_in("boundary.google-2025.accelerator");
  Overheads o{over("boundary.host", "Host over accelerators", built_in("boundary.google-2025.host"), accelerator),
              over("boundary.idle", "Idle reserve over accelerators", built_in("boundary.google-2025.idle"), accelerator),
              std::nullopt};
  const Factor& least = built_in("boundary.host-over-gpu.benchlab");
  o.host.measure.lo = std::min(o.host.measure.lo, least.measure.lo);
  o.host.source += "; low end: " + least.source;
  return o;
}

std::vector<const Factor*> between(Preset from, Preset to, const Overheads& o) {
  const Preset a = energy_of(from), b = energy_of(to);
  if (a == b) return {};
  std::vector<const Factor*> all{&o.host};
  if (a == Preset::full_stack || b == Preset::full_stack) all.push_back(&o.idle);
  if (a == Preset::it && b == Preset::facility) all.clear();
  if (a == Preset::facility && b == Preset::it) all.clear();
  if (includes_building(a)) all.push_back(&o.pue_for(a));
  if (includes_building(b) && (!includes_building(a) || &o.pue_for(a) != &o.pue_for(b))) all.push_back(&o.pue_for(b));
  return all;
}

Quantity across(const Quantity& q, Preset from, Preset to, const Overheads& o) {
  const auto inputs = between(from, to, o);
  if (inputs.empty()) return q;
  const auto value_of = [&inputs](std::span<const double> v, const Factor& f) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i]->id == f.id) return v[i];
    }
    return f.measure.value;
  };
  const auto ratio = [&](std::span<const double> v) {
    const auto at = [&](Preset p) {
      return level(p, value_of(v, o.host), value_of(v, o.idle), includes_building(p) ? value_of(v, o.pue_for(p)) : 1);
    };
    return at(to) / at(from);
  };
  const std::string method = fmt::format("{}; from {} to {}", q.method, to_string(from), to_string(to));
  return reckoned(q, inputs, ratio, {q.unit, std::string(to_string(energy_of(to))), method});
}

}  // namespace joulebook::account
