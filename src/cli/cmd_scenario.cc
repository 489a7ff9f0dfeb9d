// scenario: what a service takes over years, with what drives it and what limits it.
#include "account/scenario/scenario.h"

#include <fmt/format.h>

#include "cli/account_screen.h"
#include "cli/command_line.h"
#include "core/text.h"
#include "report/html_scenario.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

using account::Outcome;
using account::Scenario;
using Align = TextGrid::Align;

struct ScenarioOptions {
  std::string file, html;
  bool back_test = false;
};

Json quartiles(const account::Fan& fan) { return fan.whole.present() ? Json::array({fan.q25, fan.q75}) : Json::array(); }

Json back_test_json(const Outcome& o) {
  Json list = Json::array();
  if (!o.back_test) return list;
  const auto& b = *o.back_test;
  return list.push(Json::object({{"year", b.year}, {"observed", b.observed}, {"predicted", b.predicted}, {"lo", b.lo}, {"hi", b.hi}, {"frozen", b.frozen},
                                 {"needed_gain", b.needed_gain}, {"inside", b.inside}, {"source", b.source}}));
}

Json scenario_json(const Scenario& s, const Outcome& o) {
  Json inputs = Json::array(), years = Json::array(), drivers = Json::array(), influences = Json::array();
  for (const auto& [name, stated] : account::stated_inputs(s)) inputs.push(Json::object({{"name", name}, {"stated", stated}}));
  for (const auto& y : o.years) {
    years.push(Json::object({{"year", y.year}, {"energy", to_json(y.energy.whole)}, {"energy_quartiles", quartiles(y.energy)}, {"carbon", to_json(y.carbon.whole)},
                             {"carbon_quartiles", quartiles(y.carbon)}, {"answers", to_json(y.answers.whole)}, {"limited", y.limited}, {"limit", y.limit}}));
  }
  for (const auto& d : o.drivers) drivers.push(Json::object({{"name", d.name}, {"factor", to_json(d.factor)}}));
  for (const auto& i : o.influences) influences.push(Json::object({{"input", i.input}, {"correlation", i.correlation}}));
  return Json::object({{"schema", "joulebook.scenario/1"}, {"name", s.name}, {"note", s.note}, {"start", s.start}, {"end", s.end},
                       {"seed", static_cast<std::int64_t>(s.draws.seed)}, {"draws", static_cast<std::int64_t>(s.draws.count)}, {"inputs", std::move(inputs)},
                       {"years", std::move(years)}, {"drivers", std::move(drivers)}, {"influences", std::move(influences)}, {"back_test", back_test_json(o)}});
}

std::string years_table(const Outcome& o, Reasons& reasons, int width) {
  TextGrid grid({{"year"}, {"energy", Align::right}, {"9 of 10"}, {"carbon", Align::right}, {"9 of 10"}, {"answers", Align::right}, {"at a limit", Align::left, true}});
  for (const auto& y : o.years) {
    const auto energy = figure_cells(y.energy.whole, reasons), carbon = figure_cells(y.carbon.whole, reasons);
    grid.add({fmt::format("{}", y.year), energy[0], energy[1], carbon[0], carbon[1], fmt::format("{:.3g}", *y.answers.whole.value),
              y.limit.empty() ? "" : fmt::format("{:.0f} % of draws, mostly {}", 100 * y.limited, y.limit)});
  }
  return grid.text(width);
}

std::string back_test_text(const Outcome& o, int width) {
  if (!o.back_test) return "";
  const auto& b = *o.back_test;
  return paragraph("  back-test: ",
                   fmt::format("in {} energy was {:.3g} times that of the start ({}); the fan says {:.3g} [{:.3g}, {:.3g}], so that it lies {}. At a frozen efficiency: {:.3g} times. Demand and "
                               "observation together need {:.3g} % less an answer each year",
                               b.year, b.observed, b.source, b.predicted, b.lo, b.hi, b.inside ? "inside" : "OUTSIDE", b.frozen, 100 * b.needed_gain),
                   width);
}

std::string scenario_text(const Scenario& s, const Outcome& o, int width) {
  Reasons reasons;
  std::string text = s.name + "\n" + (s.note.empty() ? "" : paragraph("  ", s.note, width)) + "\n" + years_table(o, reasons, width) + "\n";
  TextGrid drivers({{"driver"}, {"last year over first", Align::right}, {"interval"}});
  for (const auto& d : o.drivers) {
    const auto cells = figure_cells(d.factor, reasons);
    drivers.add({d.name, cells[0], cells[1]});
  }
  text += drivers.text(width) + "\n";
  if (!o.influences.empty()) {
    std::string list;
    for (const auto& i : o.influences) list += fmt::format("{}{} {:+.2f}", list.empty() ? "" : ", ", i.input, i.correlation);
    text += paragraph("  follows (correlation of ranks): ", list, width);
  }
  return text + back_test_text(o, width) + reason_lines(reasons, width) +
         paragraph("  ", fmt::format("{} draws, seed {}; median, 5th and 95th percentile of stated assumptions", s.draws.count, s.draws.seed), width);
}

Result<int> show(const Context& context, const Scenario& s, const std::string& html, Json& document) {
  const auto outcome = account::simulate(s);
  if (!outcome) return fail(outcome.error());
  context.print(scenario_text(s, *outcome, terminal_width()));
  document = scenario_json(s, *outcome);
  if (!html.empty()) {
    if (auto ok = write_file(html, scenario_page(document)); !ok) return fail(ok.error());
  }
  return outcome->back_test && !outcome->back_test->inside ? exit_code(ErrorKind::negative) : 0;
}

// The built-in ones, one after the other.
int back_tests(const Context& context) {
  Json list = Json::array();
  int code = 0;
  for (const auto& [name, toml] : account::back_tests()) {
    const auto s = account::parse_scenario(toml, name);
    if (!s) return report_error(s.error());
    Json document;
    const auto shown = show(context, *s, "", document);
    if (!shown) return report_error(shown.error());
    context.print("\n");
    code = std::max(code, *shown);
    list.push(std::move(document));
  }
  const auto ok = context.emit(Json::object({{"schema", "joulebook.scenarios/1"}, {"scenarios", std::move(list)}}));
  return ok ? code : report_error(ok.error());
}

int run_scenario(const Context& context, const ScenarioOptions& o) {
  if (auto ok = context.check_outputs({o.html}); !ok) return report_error(ok.error());
  if (o.back_test) return back_tests(context);
  if (o.file.empty()) return report_error({ErrorKind::usage, "scenario.nothing", "which scenario?", "give a TOML file (examples/scenarios has some), or --back-test"});
  const auto text = read_file(o.file);
  if (!text) return report_error(text.error());
  const auto s = account::parse_scenario(*text, o.file);
  if (!s) return report_error(s.error());
  Json document;
  const auto shown = show(context, *s, o.html, document);
  if (!shown) return report_error(shown.error());
  const auto ok = context.emit(document);
  return ok ? *shown : report_error(ok.error());
}

}  // namespace

void add_scenario(CommandLine& line) {
  const auto o = std::make_shared<ScenarioOptions>();
  CLI::App& k = line.add("scenario", "what a service takes over years: demand, efficiency, rebound, limits",
                         [o](const Context& context) { return run_scenario(context, *o); });
  k.add_option("file", o->file, "the scenario, TOML")->type_name("FILE");
  k.add_option("--html", o->html, "writes a page with the fan")->type_name("FILE");
  k.add_flag("--back-test", o->back_test, "the built-in ones: data centres 2010 to 2018, and the worst case of 2023 for search");
}

}  // namespace joulebook
