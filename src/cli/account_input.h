#pragma once
// What account is about, from its flags: an amount, a run, a request, a span of the ledger; and the terms
// on which its energy is taken.
#include <optional>
#include <string>
#include <vector>

#include "account/footprint/footprint.h"
#include "account/footprint/series.h"
#include "cli/context.h"

namespace joulebook {

struct AccountOptions {
  std::string what;    // id of a run or a request
  std::string energy;  // "512 J/response"
  std::string since, until, zone;
  std::string at;        // boundary that the energy covers; empty: as the sensors say, else it
  std::string boundary;  // to reckon to; empty: facility where a PUE is known, else what it covers
  std::string grid, grid_kind = "direct", market;
  std::string pue, provider, region, wue, wue_off;
  std::string host_share, idle_share;
  std::string price;
  std::string hardware, hardware_time, embodied, lifetime, utilisation;
  double devices = 1;
  std::string network, device;
  bool explain = false;
  std::vector<std::string> equivalents;  // items, or "all"
  std::string instead_of;                // what it replaces, or a file with one's own pair
};

struct Accounted {
  std::string kind;  // "energy", "run", "request", "span"
  std::string id;    // of a run or a request
  Quantity energy;   // J
  account::Preset at = account::Preset::it;
  // When it was used, where that is known: for intensities over time.
  std::vector<account::TimedEnergy> when;
  double seconds = 0;  // of a run; 0: not known
  std::vector<std::string> notes;
};

// Errors: usage "account.nothing", "account.several"; input, those of Measure, of the ledger and of times.
[[nodiscard]] Result<Accounted> accounted(const Context& context, const AccountOptions& options);

// Errors: input, each with its cure: those of footprint.h, reckon.h and series.h.
[[nodiscard]] Result<account::Terms> terms_of(const AccountOptions& options, const Accounted& what);

// "512 J/response" as a quantity of tier published, level 1. Errors: those of Measure, "unit.mismatch".
[[nodiscard]] Result<Quantity> stated_energy(const std::string& text, std::string_view flag);

}  // namespace joulebook
