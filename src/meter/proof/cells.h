#pragma once
// The proof's bookkeeping: one cell a sensor kind, waveform and window length.
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "meter/proof/plant.h"

namespace joulebook::proof {

struct Mean {
  double sum = 0;
  std::int64_t count = 0;

  void add(double x) { sum += x, ++count; }
  void add(const Mean& other) { sum += other.sum, count += other.count; }
  [[nodiscard]] double value() const { return count > 0 ? sum / static_cast<double>(count) : 0; }
};

// Errors and widths are shares of what the window could have held: kMostWatts times its length (the
// model's greatest power for busy time). So a mean over cases is not ruled by the long ones.
struct Cell {
  std::int64_t cases = 0;
  std::int64_t held = 0;    // the interval contained the truth
  std::int64_t absent = 0;  // no figure, with a reason
  Mean width;
  Mean width_beside;   // of those cases that were compared with the tightest set
  Mean tightest;       // likewise
  Mean known_updates;  // the tightest set if one knew when the gauge updated
  Mean error;
  Mean naive;
  Mean zeus;
  Mean code_carbon;

  void add(const Cell& other);
  // Mean width beside the mean of the tightest sets; 1 where that is nothing.
  [[nodiscard]] double ratio() const;
  [[nodiscard]] double ratio_to_known() const;
};

struct Proof {
  std::vector<Cell> cells = std::vector<Cell>(kKinds * kWaves * kLengths);

  [[nodiscard]] Cell& at(int kind, int wave, int length) {
    return cells[static_cast<std::size_t>((kind * kWaves + wave) * kLengths + length)];
  }
};

// Runs `cases` in every cell, on two threads. The same cases whenever `seed` is the same.
[[nodiscard]] Proof prove(int cases, std::uint64_t seed);

// How many misses in `cases` are more than a true coverage of 95 % would give but once in 10,000.
[[nodiscard]] std::int64_t too_many_misses(std::int64_t cases);

// The tables of docs/evidence/bounds-*.md.
[[nodiscard]] std::string report(Proof& proof);

}  // namespace joulebook::proof
