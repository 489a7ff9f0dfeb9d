// list, show, export, ledger verify: what is written down.
#include <fmt/format.h>

#include "cli/commands.h"
#include "core/text.h"
#include "export/csv.h"
#include "export/markdown.h"
#include "export/run_export.h"
#include "export/study_json.h"
#include "ledger/ledger.h"
#include "report/html_page.h"
#include "report/terminal_table.h"

namespace joulebook {
namespace {

ScreenStyle screen() { return {terminal_width(), wants_colour(1)}; }

Result<std::unique_ptr<Ledger>> ledger_of(const Context& context) {
  return open_ledger(context.settings.get("ledger"));
}

Result<std::string> as_jsonl(const Ledger& ledger, const std::string& id) {
  auto trials = ledger.trials(id);
  if (!trials) return fail(trials.error());
  return json_lines(*trials);
}

// The formats that only a finished study has.
Result<std::string> as_study(const Json& document, const std::string& format) {
  if (document["schema"].as_string() != kStudySchema) {
    return fail(ErrorKind::usage, "export.not_a_study",
                "format '" + format + "' is for finished studies; this is " +
                    std::string(document["schema"].as_string("an unfinished run")),
                "use --format json or jsonl");
  }
  if (format == "html") return html_page(document);
  auto result = study_from_json(document);
  if (!result) return fail(result.error());
  if (format == "csv") return trials_csv(*result);
  if (format == "arms-csv") return arms_csv(*result);
  return study_markdown(*result);
}

Result<std::string> exported(const Ledger& ledger, const ExportOptions& options) {
  auto id = ledger.resolve(options.id);
  if (!id) return fail(id.error());
  if (options.format == "jsonl") return as_jsonl(ledger, *id);
  auto document = ledger.show(*id);
  if (!document) return fail(document.error());
  if (options.format == "json") return document->dump(2) + "\n";
  if (document->has("domains") && options.format == "csv") return run_csv(*document);
  if (document->has("domains") && options.format == "markdown") return run_markdown(*document);
  return as_study(*document, options.format);
}

Status write_to(const Context& context, const std::string& path, const std::string& bytes) {
  if (path != "-") return write_file(path, bytes);
  context.print(bytes);
  return {};
}

std::string shown(const Json& document) {
  if (document["schema"].as_string() == kStudySchema) {
    if (auto result = study_from_json(document)) {
      return study_table(*result, screen()) + device_lines(document["whole"], screen());
    }
  }
  if (document.has("domains")) return run_table(document, screen());
  return document.dump(2) + "\n";
}

}  // namespace

int list(const Context& context, const ListOptions& options) {
  auto ledger = ledger_of(context);
  if (!ledger) return report_error(ledger.error());
  auto runs = (*ledger)->list(options.most);
  if (!runs) return report_error(runs.error());
  context.print(runs->empty()
                    ? "the ledger is empty; `joulebook ask` or `joulebook study` fill it\n"
                    : list_table(*runs, screen()));
  const auto ok = context.emit(list_json(*runs));
  return ok ? 0 : report_error(ok.error());
}

int show(const Context& context, const ShowOptions& options) {
  auto ledger = ledger_of(context);
  if (!ledger) return report_error(ledger.error());
  auto document = (*ledger)->show(options.id);
  if (!document) return report_error(document.error());
  context.print(shown(*document));
  const auto ok = context.emit(*document);
  return ok ? 0 : report_error(ok.error());
}

int export_run(const Context& context, const ExportOptions& options) {
  if (auto ok = context.check_outputs({options.output}); !ok) return report_error(ok.error());
  auto ledger = ledger_of(context);
  if (!ledger) return report_error(ledger.error());
  auto bytes = exported(**ledger, options);
  if (!bytes) return report_error(bytes.error());
  const auto ok = write_to(context, options.output, *bytes);
  return ok ? 0 : report_error(ok.error());
}

int ledger_verify(const Context& context) {
  auto ledger = ledger_of(context);
  if (!ledger) return report_error(ledger.error());
  auto verdict = (*ledger)->verify();
  if (!verdict) return report_error(verdict.error());
  const double metered = to_joules(verdict->metered).value();
  const double lost = to_joules(verdict->unattributed).value();
  context.print(fmt::format(
      "{} runs, {} settled windows, {} postings: {} metered, {} of it unattributed ({:.2f} %)\n",
      verdict->runs, verdict->settlements, verdict->postings, human(metered, "J"), human(lost, "J"),
      metered > 0 ? 100 * lost / metered : 0));
  Json faults = Json::array();
  for (const auto& fault : verdict->faults) {
    context.print("fault: " + fault + "\n");
    faults.push(fault);
  }
  if (verdict->faults.empty()) context.print("every settled window sums to its meter\n");
  const auto ok = context.emit(Json::object({{"runs", verdict->runs},
                                             {"settlements", verdict->settlements},
                                             {"postings", verdict->postings},
                                             {"metered_uj", verdict->metered.count},
                                             {"unattributed_uj", verdict->unattributed.count},
                                             {"faults", faults}}));
  if (!ok) return report_error(ok.error());
  return verdict->faults.empty() ? 0 : exit_code(ErrorKind::negative);
}

}  // namespace joulebook
