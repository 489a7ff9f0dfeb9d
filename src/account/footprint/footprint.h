#pragma once
// One energy as grams, litres and money, with the constants that each figure took.
//
//   energy       as far as the preset reaches
//   carbon       energy x intensity: direct and life-cycle by location each for itself, by market apart;
//                they are never added, averaged or put in each other's place
//   water        E x (WUE_on + PUE x WUE_off), E the energy of IT (EcoLogits; ISO/IEC 30134-9)
//   antimony, primary energy   energy x the mix's factor, life cycle
//   making       embodied.h
//   money        energy x price
// Pure; thread-safe.
#include <joulebook/quantity.h>
#include <joulebook/result.h>

#include <optional>
#include <string>
#include <vector>

#include "account/footprint/boundary.h"
#include "account/footprint/embodied.h"
#include "account/footprint/reckon.h"

namespace joulebook::account {

// Where energy is taken and at what terms; what is not given is an absence in the result.
struct Terms {
  std::string place;  // of the grid, as a person wrote it; empty: none
  std::optional<Factor> direct, lifecycle;  // kgCO2e/J by location
  std::optional<Factor> market;             // kgCO2e/J by contract
  std::optional<Factor> water_on, water_off;  // m3/J
  std::optional<Factor> antimony, primary;    // kgSbe/J, J/J
  std::optional<Factor> price;                // currency/J
  Overheads overheads = published_overheads();
  std::optional<Factor> network, device;  // J of it for each unit of the energy's `per`, or J in all
  std::optional<HardwareUse> hardware;
};

// By a place's name: both intensities, water, antimony and primary energy of its mix. Errors: those of
// grid_intensity; a kind that the place has not is left out.
[[nodiscard]] Status set_place(Terms& terms, std::string_view place);
// PUE and water of a provider and its region. Errors: those of site.
[[nodiscard]] Status set_site(Terms& terms, std::string_view provider, std::string_view region);

struct NamedFigure {
  std::string id;    // "carbon.location.direct"
  std::string name;  // "carbon, by location, direct"
  Quantity figure;
};

struct PresetFigure {
  Preset preset;
  Quantity factor;  // against the boundary that was stated, unit "1"
  Quantity energy;  // J
};

struct Footprint {
  Quantity stated;  // J, as it came
  Preset from = Preset::it;
  Preset preset = Preset::it;
  std::vector<PresetFigure> presets;
  std::vector<NamedFigure> figures;
  std::vector<std::string> notes;  // what was assumed
  std::vector<Factor> constants;   // by id, each once
};

// `energy`: J at `from`. Errors: those of embodied.
[[nodiscard]] Result<Footprint> footprint(const Quantity& energy, Preset from, Preset preset, const Terms& terms);

[[nodiscard]] const Quantity* figure_of(const Footprint& footprint, std::string_view id);

}  // namespace joulebook::account
