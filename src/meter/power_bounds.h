#pragma once
// The tightest bounds of an energy that averages of its power allow.
//
// What is known of the cumulative energy E: it grows by 0 to `most_watts`, and over each span it
// grew by `least` to `most`. All of these are difference constraints, so the greatest growth over a
// window that agrees with them is a shortest path through the instants they name, and the least
// growth is the same of most_watts x t - E. Nothing narrower holds for every consistent history
// (duality of linear programming; Bellman 1958, Ford 1956).
//
// Labels begin as true bounds and only fall along constraints, so giving up after kRounds sweeps
// leaves the interval wider, never wrong. Time and memory: linear in the spans for each sweep.
// Pure; any thread.
#include <joulebook/quantity.h>

#include <optional>
#include <span>

namespace joulebook {

// s since the window's begin; J. REQUIRES: from < to.
struct EnergySpan {
  double from = 0;
  double to = 0;
  double least = 0;
  double most = 0;
};

// J over [0, length). Nothing where the spans contradict one another.
[[nodiscard]] std::optional<Interval> power_bounds(std::span<const EnergySpan> spans, double length,
                                                   double most_watts);

}  // namespace joulebook
