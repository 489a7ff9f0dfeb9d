#include "cli/cmd_predict.h"

#include "cli/command_line.h"
#include "core/file_tree.h"
#include "core/json.h"

namespace joulebook {
namespace {

int predict(const Context& context, const PredictOptions& options) {
  if (!options.csv.empty()) return predict_rows(context, options);
  if (!options.fit.empty()) return predict_fit(context, options);
  if (!options.evaluate.empty()) return predict_evaluate(context, options);
  return report_error({ErrorKind::usage, "predict.nothing", "nothing to predict",
                       "give --csv ROWS.csv --out FILE"});
}

}  // namespace

Result<serving::ServingFit> fit_in_force(const PredictOptions& options) {
  if (options.fit_file.empty()) return serving::built_in_fit();
  const auto text = read_file(options.fit_file);
  if (!text) return fail(text.error());
  const auto json = parse_json(*text);
  if (!json) return fail(json.error());
  return serving::serving_fit_from_json(*json);
}

void add_predict(CommandLine& line) {
  const auto o = std::make_shared<PredictOptions>();
  CLI::App& k = line.add("predict", "what serving a model costs before anyone runs it",
                         [o](const Context& context) { return predict(context, *o); });
  k.add_option("--csv", o->csv, "predict these rows (columns of data/ml_energy.csv)")->type_name("FILE");
  k.add_option("--fit", o->fit, "fit the model to these measured rows")->type_name("FILE");
  k.add_option("--evaluate", o->evaluate, "errors on these rows, each architecture left out")
      ->type_name("FILE");
  k.add_option("--out", o->out, "where the rows or the fit go")->type_name("FILE");
  k.add_option("--fit-file", o->fit_file, "use this fit, not the built-in one")->type_name("FILE");
}

}  // namespace joulebook
