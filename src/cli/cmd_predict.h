#pragma once
// predict: what serving a model costs in time and energy before anyone runs it.
#include <string>
#include <vector>

#include "cli/context.h"
#include "physics/serving/fit_file.h"
#include "physics/serving/plan.h"

namespace joulebook {

struct PredictOptions {
  std::string model;  // a catalogue name, a GGUF file or a config.json
  std::string csv;    // rows in the columns of data/ml_energy.csv
  std::string fit;    // measured rows to fit
  std::string evaluate;
  std::string out;
  std::string fit_file;  // another fit than the built-in one
  bool all = false;      // rank the catalogue
  std::string gpu;
  double gpus = 1;
  double batch = 1;
  double prompt = 250;
  double output = 500;
  std::string weights = "bfloat16";
  double data_parallel = 1;
  double pipeline = 1;
  double expert_parallel = 1;
  std::vector<std::string> sweeps;  // KEY=a,b,c
  bool fits = false;
  std::string tpot;  // "50ms": at most
  std::string sort = "j_per_token";
};

// The fit in force: the file of --fit-file, else the built-in one.
[[nodiscard]] Result<serving::ServingFit> fit_in_force(const PredictOptions& options);

int predict_rows(const Context& context, const PredictOptions& options);
int predict_fit(const Context& context, const PredictOptions& options);
int predict_evaluate(const Context& context, const PredictOptions& options);
int predict_model(const Context& context, const PredictOptions& options);
int predict_many(const Context& context, const PredictOptions& options);  // --sweep, --all

// The deployment that the options describe. Fails: input, "shape.unknown" with the nearest name.
[[nodiscard]] Result<serving::Plan> plan_of(const PredictOptions& options, const std::string& model);
// Its record, every energy a quantity.
[[nodiscard]] Json costed_json(const serving::Costed& costed, const serving::ServingFit& fit);

}  // namespace joulebook
