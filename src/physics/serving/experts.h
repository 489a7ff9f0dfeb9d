#pragma once
// Parts of a step that have a shape of their own: products bounded by memory and rate together, the
// grouped products of experts, and replicas that step together. docs/physics-serving.md has the
// formulas. All functions are pure; thread-safe.
#include "physics/serving/parameters.h"
#include "physics/serving/step_model.h"

namespace joulebook::serving {

// Rates and energies against 16-bit weights.
struct Precision {
  double bandwidth = 1;
  double compute = 1;
  double expert_compute = 1;  // in grouped products
  double flop_energy = 1;
  double byte_energy = 1;
};
[[nodiscard]] Precision precision(const Workload& work, const Parameters& p);

// A time that is partly memory's and partly compute's.
struct Product {
  double seconds = 0;
  double memory_share = 1;
};
// The p-norm of two times, >= 0 s.
[[nodiscard]] Product overlapped(double memory, double compute, double p);

// What tokens cost in the experts of all layers, on all devices together.
struct Grouped {
  Product time;
  double touched = 0;  // experts a layer
  double bytes = 0;    // of their weights
  double routed = 0;   // of the rows that go through them
  double flops = 0;
};
// Of `tokens` tokens in one step. REQUIRES: the shape has experts; tokens > 0.
[[nodiscard]] Grouped grouped(const Workload& work, const Parameters& p, double tokens);

// Mean of the largest of n Poisson numbers whose means add up to `sum`: of the prompts that begin in
// a step, those of the replica that has most. From sum / n (many) to sum (few). n >= 1, sum >= 0.
[[nodiscard]] double fullest(double sum, double n);

// Whether replicas wait for each other in every layer: they do where they share experts.
[[nodiscard]] bool steps_together(const Workload& work);

}  // namespace joulebook::serving
