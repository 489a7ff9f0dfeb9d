#pragma once
// What a unit of each part of the work costs by physics, up to one common factor: the weights of
// DESIGN.md section 6. Pure; thread-safe.
#include <array>
#include <cstddef>

#include "physics/serving/step_model.h"

namespace joulebook::attribution {

// Parts of the work of a step. Of step and time a sequence has its equal share, the rest is its
// own.
enum Part : std::size_t {
  kStep,           // steps: the weights that every step reads
  kTime,           // s: active power common to all of a step
  kToken,          // tokens decoded or verified: products
  kContext,        // tokens of context read by them: keys and values, attention
  kPrompt,         // prompt tokens computed
  kPromptContext,  // tokens of context that those attend to
  kParts
};
using Parts = std::array<double, kParts>;

struct Prices {
  Parts joules{};   // of a unit
  Parts seconds{};  // by which a unit lengthens its step; none for kTime
  Parts spread{};   // relative standard deviation of each price, before traffic says more
  // Of all energy, the share that a part may take whatever its price says: engines are not all alike.
  double doubt = 0;
  // Experts: weights that a step reads beside kStep's, all layers, and how many are chosen of how
  // many.
  double expert_joules = 0;  // of reading all of them
  double expert_seconds = 0;
  double chosen_share = 0;
  double window = 0;        // of attention, tokens; 0: none
  double window_share = 0;  // of the cache that it bounds
  double limit_w = 0;       // power above idle at which the device's limit holds; 0: not known
  bool known = false;       // of the model itself; else of a model of common size

  // Share of all experts that `tokens` of a step choose, routing independent and even.
  [[nodiscard]] double touched(double tokens) const;
  // Tokens of a context of that length that are read.
  [[nodiscard]] double seen(double context) const;
};

// Of a model on its device (coefficients: the fit that came with the program).
[[nodiscard]] Prices prices_of(const serving::Workload& work);
// Where nothing is known: eight billion parameters, dense, 16 bit, on a current accelerator;
// spreads so wide that the traffic decides.
[[nodiscard]] Prices common_prices();

}  // namespace joulebook::attribution
