#pragma once
// What a figure covers, as named presets, and the factor from each to each other.
//
//   gpu        active accelerators, as NVML meters them
//   it         and their host: CPU, DRAM (what a node's or a server's meter shows)
//   facility   and the building: it x PUE
//   full-stack as Google's 2025 method (arXiv 2508.15734): accelerators 0.14, host 0.06, idle reserve 0.02,
//              building 0.02 Wh of a median prompt; (it + idle reserve) x PUE
//   sci-ai     energy as full-stack; carbon is SCI's (E x I) + M per functional unit (SCI for AI, Green
//              Software Foundation; SCI is ISO/IEC 21031:2024): location-based I, hardware's share M
//   ghg        energy as facility; carbon by the GHG Protocol's scopes: 2 by location and by market, 3
//
// Level of each against active accelerators: 1, 1 + h, (1 + h) PUE, (1 + h + i) PUE, with h the host's and
// i the idle reserve's energy over the accelerators'. Pure; thread-safe.
#include <joulebook/quantity.h>
#include <joulebook/result.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "account/footprint/reckon.h"

namespace joulebook::account {

enum class Preset { gpu, it, facility, full_stack, sci_ai, ghg };

struct PresetText {
  Preset preset;
  std::string_view name, covers, source;
};
[[nodiscard]] std::span<const PresetText> presets();
[[nodiscard]] std::string_view to_string(Preset preset);
// Error: usage "preset.unknown", with all of them.
[[nodiscard]] Result<Preset> preset_of(std::string_view name);
// Whether its energy holds the building's.
[[nodiscard]] bool includes_building(Preset preset);

// What lies between the presets. PUE: one's own or the provider's; else the published mean for `facility`
// and `ghg`, and that of Google's method for the other two.
struct Overheads {
  Factor host, idle;  // over the accelerators' energy
  std::optional<Factor> pue;
  [[nodiscard]] const Factor& pue_for(Preset preset) const;
};
// From Google's parts, with their rounding as range; the host's low end is the least published.
[[nodiscard]] Overheads published_overheads();

// q, which covers `from`, as far as `to` reaches. `from` and `to` alike: q as it is.
[[nodiscard]] Quantity across(const Quantity& q, Preset from, Preset to, const Overheads& overheads);
// The constants that this takes.
[[nodiscard]] std::vector<const Factor*> between(Preset from, Preset to, const Overheads& overheads);

}  // namespace joulebook::account
