#pragma once
// The fit as a file: data/serving_fit.json, which is compiled into the program.
#include <joulebook/result.h>

#include <string>

#include "core/json.h"
#include "physics/serving/interval.h"
#include "physics/serving/parameters.h"

namespace joulebook::serving {

struct ServingFit {
  Parameters parameters{};
  Spread spread;
  std::string date;         // ISO 8601, of the fit
  std::string source;       // file name of the rows
  std::size_t rows = 0;
  std::size_t architectures = 0;
  double median_error = 0;  // left-out J/token, architectures weighted alike
};

[[nodiscard]] Json to_json(const ServingFit& fit);
// Fails: input, "fit.syntax" (another schema, a parameter missing or out of its bounds).
[[nodiscard]] Result<ServingFit> serving_fit_from_json(const Json& json);

// The fit that came with the program. Read once; thread-safe.
[[nodiscard]] const ServingFit& built_in_fit();

}  // namespace joulebook::serving
