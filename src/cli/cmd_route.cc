// route: from a study that is written down, the rule that sends each kind of prompt to its cheapest
// sufficient arm, and what a day would take by it.
#include "cli/command_line.h"
#include "cli/gate.h"
#include "cli/result_document.h"
#include "core/file_tree.h"
#include "export/study_json.h"
#include "report/sizing_table.h"

namespace joulebook {
namespace {

struct RouteFlags {
  std::string study;
  std::string require;
  double sure = 0;
  std::string day;
  std::string largest;
  std::vector<std::string> cost_only;
  std::string toml;
  std::string require_tier;
};

Result<StudyResult> study_of(const Context& context, const std::string& what) {
  const auto document = result_document(context, what);
  if (!document) return fail(document.error());
  const std::string schema((*document)["schema"].as_string("an unfinished run"));
  if (schema == kStudySchema) return study_from_json(*document);
  return fail(ErrorKind::input, "route.not_a_study", "'" + what + "' is no study but " + schema,
              "name the id or the JSON file of a study that ended: joulebook list");
}

Result<RouteOptions> options_of(const RouteFlags& flags, const StudyResult& study) {
  const std::string require = flags.require.empty() ? study.spec.require.value_or("") : flags.require;
  if (require.empty()) {
    return fail(ErrorKind::usage, "route.require", "nothing says what is enough",
                "give --require 'correct>=0.8'");
  }
  RouteOptions out;
  const auto requirement = parse_requirement(require);
  if (!requirement) return fail(requirement.error());
  out.sizing = {*requirement, flags.sure, flags.cost_only};
  out.largest = flags.largest;
  if (flags.day.empty()) return out;
  auto day = read_day(flags.day);
  if (!day) return fail(day.error());
  out.day = std::move(*day);
  return out;
}

Status write_all(const Context& context, const RouteFlags& flags, const Json& document,
                 const std::string& toml) {
  if (auto ok = context.emit(document); !ok) return ok;
  if (flags.toml.empty()) return {};
  return write_file(flags.toml, toml);
}

int route(const Context& context, const RouteFlags& flags) {
  if (auto ok = context.check_outputs({flags.toml}); !ok) return report_error(ok.error());
  const auto study = study_of(context, flags.study);
  if (!study) return report_error(study.error());
  const auto options = options_of(flags, *study);
  if (!options) return report_error(options.error());
  const auto sizing = size_arms(*study, options->sizing);
  if (!sizing) return report_error(sizing.error());
  const auto found = route_study(*study, *options);
  if (!found) return report_error(found.error());
  const ScreenStyle style{terminal_width(), wants_colour(1)};
  context.print(sizing_table(*sizing, *study, style) + "\n" + route_table(*found, *study, style));
  Json document = to_json(*found, *study);
  document.set("sizing", to_json(*sizing, *study));
  if (auto ok = write_all(context, flags, document, rule_toml(*found, *study)); !ok) {
    return report_error(ok.error());
  }
  const auto ok = check_tier(flags.require_tier, found->route.joules, "the energy", "route.tier");
  return ok ? 0 : report_error(ok.error());
}

}  // namespace

void add_route(CommandLine& line) {
  const auto o = std::make_shared<RouteFlags>();
  CLI::App& c = line.add("route", "of a study: the rule that sends each kind to its cheapest arm that is enough",
                         [o](const Context& context) { return route(context, *o); });
  c.add_option("study", o->study, "its id in the ledger, or a JSON file of it")
      ->type_name("RUN")
      ->required();
  c.add_option("--require", o->require, "what is enough: 'correct>=0.8'; else what the study says")
      ->type_name("MEASURE");
  c.add_option("--sure", o->sure, "an arm is enough only with this confidence: 0.9")
      ->type_name("SHARE")
      ->check(CLI::Range(0.0, 1.0));
  c.add_option("--day", o->day, "prompts of each kind a day: 'code=300,chat=700' or a CSV file")
      ->type_name("MIX");
  c.add_option("--largest", o->largest, "the arm that is always used now; else the one with most parameters")
      ->type_name("NAME");
  c.add_option("--cost-only", o->cost_only, "an arm whose answers mean nothing; may be given again")
      ->type_name("NAME");
  c.add_option("--toml", o->toml, "write the rule for a gateway")->type_name("FILE");
  add_require_tier(c, o->require_tier, "the energy");
}

}  // namespace joulebook
