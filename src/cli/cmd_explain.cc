// explain RUN: where a measured answer's joules went. explain A B: why one cost more than another.
// explain --check: on pairs of measured rows.
#include "physics/explain/explain_text.h"

#include "cli/command_line.h"
#include "cli/figure_spec.h"
#include "cli/measured_answers.h"
#include "core/file_tree.h"
#include "core/text.h"
#include "physics/explain/pairs.h"
#include "physics/explain/run_difference.h"

namespace joulebook {
namespace {

struct ExplainOptions {
  std::vector<std::string> what;  // A and B
  std::string per = "response";
  std::string check;
  std::string out;
  NamedDeployment named;  // of an endpoint's run
};

// "ID", or "ID:ARM" of a study with several.
Result<explain::MeasuredAnswer> answer_of(const Context& context, const std::string& spec,
                                           const NamedDeployment& named) {
  const auto colon = spec.rfind(':');
  const std::string arm = colon == std::string::npos ? "" : spec.substr(colon + 1);
  const auto answers = measured_answers(context, spec.substr(0, colon), named);
  if (!answers) return fail(answers.error());
  std::vector<std::string> names;
  for (const auto& answer : *answers) {
    if (answer.name == arm || (arm.empty() && answers->size() == 1)) return answer;
    names.push_back(spec.substr(0, colon) + ":" + answer.name);
  }
  return fail(ErrorKind::input, "explain.arm", spec + " names none of the study's arms",
              "name one of: " + join(names, ", "));
}

// A run is what names no deployment: no row of a file, no key, no model.
bool is_run(const std::string& spec) {
  return !explain::csv_place(spec) && spec.find_first_of(",=") == std::string::npos && !explain::shape_named(spec);
}

int explain_two_runs(const Context& context, const ExplainOptions& o) {
  const auto a = answer_of(context, o.what[0], o.named), b = answer_of(context, o.what[1], o.named);
  for (const auto* answer : {&a, &b}) {
    if (!*answer) return report_error(answer->error());
  }
  const auto machine = machine_of(context, o.named);
  if (!machine) return report_error(machine.error());
  const auto d = explain::explain_runs(*a, *b, *machine, serving::built_in_fit());
  if (!d) return report_error(d.error());
  context.print(explain::to_text(*d));
  const auto ok = context.emit(explain::to_json(*d));
  return ok ? 0 : report_error(ok.error());
}

int explain_pair(const Context& context, const ExplainOptions& o) {
  if (is_run(o.what[0]) && is_run(o.what[1])) return explain_two_runs(context, o);
  const auto a = figure_of(o.what[0]), b = figure_of(o.what[1]);
  for (const auto* figure : {&a, &b}) {
    if (!*figure) return report_error(figure->error());
  }
  const auto per = o.per == "token" ? explain::Per::token : explain::Per::response;
  const auto e = explain::explain(*a, *b, serving::built_in_fit(), explain::built_in_spreads(), per);
  if (!e) return report_error(e.error());
  context.print(explain::to_text(*e));
  if (auto ok = context.emit(explain::to_json(*e)); !ok) return report_error(ok.error());
  for (const auto& [figure, side] : {std::pair{&*a, &e->side_a}, {&*b, &e->side_b}}) {
    if (auto ok = explain::check_floor(*figure, side->floor); !ok) return report_error(ok.error());
  }
  return 0;
}

int explain_check(const Context& context, const ExplainOptions& o) {
  if (auto ok = context.check_outputs({o.out}); !ok) return report_error(ok.error());
  const auto csv = read_file(o.check);
  if (!csv) return report_error(csv.error());
  const auto rows = explain::measured_rows(*csv);
  if (!rows) return report_error(rows.error());
  const auto check = explain::check_pairs(*rows, serving::built_in_fit());
  context.print(explain::to_text(check));
  if (!o.out.empty()) {
    if (auto ok = write_file(o.out, explain::to_csv(check.spreads)); !ok) return report_error(ok.error());
  }
  const auto ok = context.emit(explain::to_json(check));
  return ok ? 0 : report_error(ok.error());
}

int explain_one(const Context& context, const ExplainOptions& o) {
  const auto answers = measured_answers(context, o.what[0], o.named);
  if (!answers) return report_error(answers.error());
  const auto machine = machine_of(context, o.named);
  if (!machine) return report_error(machine.error());
  std::vector<explain::RunExplanation> runs;
  for (const auto& answer : *answers) {
    auto run = explain::explain_run(answer, *machine, serving::built_in_fit());
    if (!run) return report_error(run.error());
    context.print((runs.empty() ? "" : "\n") + explain::to_text(*run));
    runs.push_back(std::move(*run));
  }
  const auto ok = context.emit(explain::to_json(runs));
  return ok ? 0 : report_error(ok.error());
}

int run_explain(const Context& context, const ExplainOptions& o) {
  if (!o.check.empty()) return explain_check(context, o);
  if (o.what.size() == 1) return explain_one(context, o);
  if (o.what.size() == 2) return explain_pair(context, o);
  return report_error({ErrorKind::usage, "explain.nothing", "nothing to explain",
                       "name a run of `joulebook list`, or two of: MODEL,key=value,... or FILE.csv:LINE"});
}

}  // namespace

void add_explain(CommandLine& line) {
  const auto o = std::make_shared<ExplainOptions>();
  CLI::App& k = line.add("explain", "where an answer's joules went, or why one cost more than another",
                         [o](const Context& context) { return run_explain(context, *o); });
  k.add_option("what", o->what, "a run (id or 'last'), two runs (ID or ID:ARM), or two of: MODEL,gpu=...,batch=...,energy=512J or FILE.csv:LINE")
      ->type_name("RUN | RUN RUN | FIGURE FIGURE")
      ->expected(0, 2);
  k.add_option("--per", o->per, "of what energy is explained")
      ->capture_default_str()
      ->check(CLI::IsMember({"response", "token"}));
  k.add_option("--shape", o->named.shape, "of a run: the shape that its endpoint serves")->type_name("MODEL");
  k.add_option("--gpu", o->named.gpu, "of a run: the device that did the work; here: this machine's CPU, calibrated")->type_name("NAME");
  k.add_option("--gpus", o->named.gpus, "of a run: how many of them")->type_name("N");
  k.add_option("--batch", o->named.batch, "of a run: sequences that were served at a time (default 1)")->type_name("N");
  k.add_option("--check", o->check, "on pairs of these measured rows that differ in one thing")
      ->type_name("FILE");
  k.add_option("--out", o->out, "with --check: where the spread of the model's errors goes")
      ->type_name("FILE");
}

}  // namespace joulebook
