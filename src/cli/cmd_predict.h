#pragma once
// predict: what serving a model costs in time and energy before anyone runs it.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/context.h"
#include "physics/serving/fit_file.h"
#include "physics/serving/plan.h"

namespace joulebook {

struct PredictOptions {
  std::string model;  // a GGUF file, a config.json or a published model's name
  std::string csv;    // rows in the columns of data/ml_energy.csv or ml_energy_diffusion.csv
  std::string fit;    // measured rows to fit
  std::string evaluate;
  std::string out;
  std::string html;  // page of a sweep or the catalogue
  std::string fit_file;  // another fit than the built-in one
  bool all = false;      // rank the catalogue
  std::string gpu;  // "here": this machine, as it was calibrated
  std::optional<serving::Device> here;  // set where gpu or a sweep of it names it
  double gpus = 1;
  double batch = 1;
  std::string prompt = "250";  // tokens, or mean:90th percentile
  std::string output = "500";
  std::string weights;  // empty: as the file or the release has them
  double cached = 0;
  double reasoning = 0;
  double best_of = 1;
  std::string draft;  // models, as `model`
  std::string guard;
  double draft_tokens = 4;
  double acceptance = 0.7;
  double rate = 0;
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

// Rows with their predictions appended, of text or of images and video.
struct PredictedRows {
  std::string_view csv;
  std::size_t rows = 0, refused = 0;
  std::size_t guessed = 0;  // shapes synthesised from their sizes
  std::string_view fit_date, fit_source;
};
// Says how many, puts the rows into `out` (empty or "-": standard output) and the counts into --json.
[[nodiscard]] Status deliver_rows(const Context& context, const std::string& out,
                                  const PredictedRows& rows);

int predict_rows(const Context& context, const PredictOptions& options);
int predict_fit(const Context& context, const PredictOptions& options);
int predict_evaluate(const Context& context, const PredictOptions& options);
int predict_model(const Context& context, const PredictOptions& options);
int predict_many(const Context& context, const PredictOptions& options);  // --sweep, --all

// That model as the options deploy it.
// Fails as physics::read_shape, for --draft and --guard.
[[nodiscard]] Result<serving::Plan> deployed(const PredictOptions& options, const serving::Shape& shape);
// The same by its file or name. Fails as physics::read_shape.
[[nodiscard]] Result<serving::Plan> plan_of(const PredictOptions& options, const std::string& model);
// Its record, every energy a quantity.
[[nodiscard]] Json costed_json(const serving::Costed& costed);

}  // namespace joulebook
