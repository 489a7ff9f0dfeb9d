#pragma once
// Why one answer cost more than another: ln(E_B / E_A) taken apart into the factors in which the two
// deployments differ, averaged over all orders (Shapley), through the serving model. What measured
// figures say beyond the model is `rest`. The parts and the rest sum to the whole, in logarithms and,
// by the logarithmic mean L(E_A, E_B) = (E_B - E_A) / ln(E_B / E_A) that turns a share of the one
// into a share of the other (the LMDI method: Ang, Energy Policy 2005), in joules. Pure; thread-safe.
#include <joulebook/quantity.h>

#include <optional>
#include <string>
#include <vector>

#include "physics/explain/change_spread.h"
#include "physics/explain/deployment.h"
#include "physics/explain/floor.h"
#include "physics/serving/fit_file.h"

namespace joulebook::explain {

// One side: a deployment, and what was measured or published of it.
struct Figure {
  Deployment deployment;
  std::optional<double> stated_j;    // inside the deployment's boundary, per response
  Tier tier = Tier::published;       // of what was stated
  std::string source;                // where that stands
  std::vector<std::string> assumed;  // what was not given, and the default taken
};

enum class Per { response, token };

struct Side {
  double energy_j = 0;       // stated, else modelled; per `per`
  double modelled_j = 0;
  serving::Factors factors;  // of modelled_j, 80 %
  Tier tier = Tier::modelled;
  Floor floor;
  std::string text;          // of the deployment
};

struct Part {
  Factor factor = Factor::batch;
  double log_ratio = 0;
  LogInterval interval;  // 80 %
};

struct Explanation {
  Figure a, b;
  Per per = Per::response;
  Side side_a, side_b;
  std::vector<Part> parts;  // the factors that differ, in the order of Factor
  double rest = 0;          // log_ratio less the parts
  double log_ratio = 0;     // ln(E_B / E_A)

  // Joules that a part of the log ratio stands for.
  [[nodiscard]] double joules(double log_part) const;
  [[nodiscard]] double log_of(Factor factor) const;  // 0 where they do not differ
};

// Errors: those of check_clocks.
[[nodiscard]] Result<Explanation> explain(const Figure& a, const Figure& b,
                                          const serving::ServingFit& fit,
                                          const Spreads& spreads = built_in_spreads(),
                                          Per per = Per::response);

// The logarithmic mean of two positive numbers.
[[nodiscard]] double logarithmic_mean(double a, double b);

// The interval of the product of independent changes: log deviations add in quadrature.
[[nodiscard]] LogInterval together(const std::vector<Part>& parts);

// Error: negative "explain.below_floor": a stated energy that physics does not allow.
[[nodiscard]] Status check_floor(const Figure& figure, const Floor& floor);

}  // namespace joulebook::explain
