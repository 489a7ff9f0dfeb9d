#pragma once
// Closes a window: posts its joules to accounts so that, domain by domain, they sum to the meter to
// the last microjoule. Pure functions.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ledger/ledger.h"
#include "meter/window.h"

namespace joulebook {

// The idle power in force, W by domain; a domain that is missing has no known floor.
struct Floors {
  std::string account = "idle.bare";
  std::map<std::string, double> watts;
};

// What is known beside the floors.
struct SplitRule {
  bool tree_has_self = true;  // the watched tree counts this process in
  // Domains that are split although their floor is not known: whoever is busy bears it.
  std::set<std::string> floorless;
  // Domains of which nobody knows who used them: what is above their floor is "unattributed".
  std::set<std::string> ownerless;
  // Where CPU times are not known, what is above the floor is the work's and not "unattributed": on
  // a machine that does nothing else.
  bool alone = false;
};

// A settlement for every top-level domain that has a settled energy. In this order:
//   1. the floor times the duration goes to floors.account, at most the meter;
//   2. of what is above it, on domains of the CPU side, Joulebook's own threads and other processes
//      get their share by CPU time ("self", "other");
//   3. the rest goes to `work`.
// Where a step cannot be made (no floor, CPU time unknown on a CPU domain) what it would have split
// goes to "unattributed"; so it does where `work` is empty. No posting is negative or zero.
[[nodiscard]] std::vector<Settlement> settle_window(const WindowEnergy& window,
                                                    const Floors& floors, const std::string& work,
                                                    const SplitRule& rule = {});

// All of it to one account: a window of measured silence.
[[nodiscard]] std::vector<Settlement> settle_whole(const WindowEnergy& window,
                                                   const std::string& account);

// The floors that a window of silence shows: mean power by top-level domain.
[[nodiscard]] Floors floors_of(const WindowEnergy& silence, std::string account);

// The window's total with its best value taken from the settled edges, so that the totals of
// windows that tile add up to the total of their union. The meter's own total where a top-level
// domain has none settled.
[[nodiscard]] Quantity settled_total(const WindowEnergy& window);

// Mean power over the window's total, W.
[[nodiscard]] Quantity mean_power(const WindowEnergy& window);

}  // namespace joulebook
