#pragma once
// Comparisons: how many phone charges, hours of streaming, flights a figure is, source by source; and what is
// left of it where it stands in the place of something else. A comparison names its source; where sources
// differ all of them stand side by side. Pure; thread-safe.
#include <joulebook/quantity.h>
#include <joulebook/result.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "account/factors/factors.h"
#include "account/footprint/footprint.h"

namespace joulebook::account {

struct Equivalent {
  std::string item;  // "Smartphone charge"
  std::string of;    // which figure: "energy" or "carbon.location.direct"
  Factor source;
  Quantity count;    // unit "1" of the item; "m" of a road; "s" of a tree's growth
};
// All sources of each item (part of a name, or "all"), of the footprint's energy or its direct carbon by location.
// Errors: input, those of equivalents().
[[nodiscard]] Result<std::vector<Equivalent>> equivalents_of(const Footprint& footprint, const std::vector<std::string>& items);

// One side of a choice. An amount that is not given is not compared.
struct Side {
  std::string name;
  std::optional<Factor> energy, carbon;  // J, kgCO2e
};

struct Choice {
  std::string name;
  std::optional<Side> here;  // instead of the footprint's own figures
  std::vector<Side> there;   // what it replaces: sources that differ, side by side
  double times = 1;          // so many of them are replaced by one
  double share = 1;          // of the cases in which it really replaces them
  std::vector<std::string> assumptions;
};

struct Net {
  std::string of;      // "energy" or "carbon.location.direct"
  std::string source;  // of the other side
  Quantity here, there, net;  // net = here - share x times x there
};

// "flight" or "call", "disc" or "stream", "letter" or "email", or the name of an equivalent. Errors: input
// "instead.no_source" (no source of the tables has it, the cure shows the file to write).
[[nodiscard]] Result<Choice> choice_of(std::string_view name);
// A user's own pair, in TOML (docs/formats/account.md). Errors: those of toml.h; input "instead.source" (a side without
// its source), those of measure_in.
[[nodiscard]] Result<Choice> parse_choice(std::string_view toml, std::string origin);
// Errors: input "instead.kinds" (one side has energy, the other carbon).
[[nodiscard]] Result<std::vector<Net>> net_of(const Footprint& footprint, const Choice& choice);

}  // namespace joulebook::account
