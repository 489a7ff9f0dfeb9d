// predict --csv, --fit and --evaluate: files of rows in, a file out.
#include <fmt/format.h>

#include <set>

#include "cli/cmd_predict.h"
#include "cli/cmd_predict_image.h"
#include "core/clock.h"
#include "core/file_tree.h"
#include "core/text.h"
#include "physics/serving/evaluate.h"
#include "physics/serving/predict_csv.h"

namespace joulebook {
namespace {

// To --out, or to standard output where there is none and --json does not need it.
Status deliver(const Context& context, const std::string& out, std::string_view text) {
  if (!out.empty() && out != "-") return write_file(out, text);
  context.print(text);
  return {};
}

// Finds out before the work whether the outputs can be written.
Status writable(const Context& context, const PredictOptions& options) {
  if (options.out.empty() || options.out == "-") return context.check_outputs();
  return context.check_outputs({options.out});
}

struct Fitted {
  std::vector<serving::Example> examples, synthesised;
  serving::FitOutcome outcome;
  std::vector<serving::LeftOut> left_out;
};

// Fits the rows of a file, then once without each architecture.
Result<Fitted> fit_rows(const Context& context, const std::string& file) {
  const auto text = read_file(file);
  if (!text) return fail(text.error());
  auto examples = serving::read_examples(*text);
  if (!examples) return fail(examples.error());
  constexpr std::size_t kFewest = 100;
  if (examples->size() < kFewest) {
    return fail(ErrorKind::input, "fit.rows",
                fmt::format("{} rows with their measurements are too few to fit", examples->size()),
                fmt::format("give at least {} rows of known GPUs", kFewest));
  }
  Fitted f{std::move(*examples), *serving::read_examples(*text, false), {}, {}};
  const serving::FitOptions how;
  auto outcome = serving::fit(f.examples, how);
  if (!outcome) return fail(outcome.error());
  f.outcome = std::move(*outcome);
  context.say(fmt::format("fit: {} rows, {} iterations", f.examples.size(), f.outcome.iterations));
  auto left_out = serving::leave_architectures_out(
      f.examples, f.synthesised, how, f.outcome.free, [&](std::size_t done, std::size_t all) {
        if (done % 10 == 0 || done == all) context.say(fmt::format("left out {} of {} architectures", done, all));
      });
  if (!left_out) return fail(left_out.error());
  f.left_out = std::move(*left_out);
  return f;
}

serving::Evaluation evaluate(const Fitted& f) {
  return serving::evaluate(f.examples, f.left_out,
                           serving::spreads_left_out(f.examples, f.synthesised, f.left_out));
}

serving::ServingFit fit_record(const Fitted& f, const std::string& file) {
  serving::ServingFit fit;
  fit.parameters = f.outcome.parameters;
  fit.spread = serving::calibrate_left_out(f.examples, f.synthesised, f.left_out);
  fit.date = iso8601(system_clock().anchor().wall_ns).substr(0, 10);
  fit.source = file.substr(file.rfind('/') + 1);
  fit.rows = f.examples.size();
  std::set<std::string> folds;
  for (const auto& e : f.examples) folds.insert(e.fold);
  fit.architectures = folds.size();
  fit.median_error = evaluate(f).median_error;
  return fit;
}

int done(const Status& ok) { return ok ? 0 : report_error(ok.error()); }

}  // namespace

Status deliver_rows(const Context& context, const std::string& out, const PredictedRows& rows) {
  context.say(fmt::format("predict: {} rows, {} refused, {} with a shape guessed from its size",
                          rows.rows, rows.refused, rows.guessed));
  if (auto ok = deliver(context, out, rows.csv); !ok) return ok;
  const auto count = [](std::size_t n) { return static_cast<std::int64_t>(n); };
  return context.emit(
      Json::object({{"schema", "joulebook.predicted-rows/1"},
                    {"rows", count(rows.rows)},
                    {"refused", count(rows.refused)},
                    {"guessed_shapes", count(rows.guessed)},
                    {"fit", Json::object({{"date", rows.fit_date}, {"source", rows.fit_source}})}}));
}

int predict_rows(const Context& context, const PredictOptions& options) {
  if (auto ok = writable(context, options); !ok) return report_error(ok.error());
  const auto fit = fit_in_force(options);
  if (!fit) return report_error(fit.error());
  const auto text = read_file(options.csv);
  if (!text) return report_error(text.error());
  if (is_image_csv(*text)) return predict_image_rows(context, *text, options.out);
  const auto predicted = serving::predict_csv(*text, *fit);
  if (!predicted) return report_error(predicted.error());
  for (const auto& reason : predicted->reasons) context.warn(reason);
  return done(deliver_rows(context, options.out,
                           {predicted->text, predicted->rows, predicted->refused, predicted->guessed,
                            fit->date, fit->source}));
}

int predict_fit(const Context& context, const PredictOptions& options) {
  if (auto ok = writable(context, options); !ok) return report_error(ok.error());
  const auto fitted = fit_rows(context, options.fit);
  if (!fitted) return report_error(fitted.error());
  const Json document = to_json(fit_record(*fitted, options.fit));
  if (auto ok = deliver(context, options.out, document.dump(2) + "\n"); !ok) return report_error(ok.error());
  context.say(serving::to_markdown(evaluate(*fitted)));
  return done(context.emit(document));
}

int predict_evaluate(const Context& context, const PredictOptions& options) {
  if (auto ok = writable(context, options); !ok) return report_error(ok.error());
  const auto fitted = fit_rows(context, options.evaluate);
  if (!fitted) return report_error(fitted.error());
  const auto result = evaluate(*fitted);
  if (auto ok = deliver(context, options.out, serving::to_markdown(result)); !ok) return report_error(ok.error());
  return done(context.emit(to_json(result)));
}

}  // namespace joulebook
