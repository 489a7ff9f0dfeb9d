// list, show, export: what is written down.
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/export_requests.h"
#include "cli/report_document.h"
#include "core/text.h"
#include "export/csv.h"
#include "export/markdown.h"
#include "export/request_export.h"
#include "export/run_export.h"
#include "export/sql.h"
#include "export/study_json.h"
#include "ledger/ledger.h"
#include "ledger/serve_ledger.h"
#include "report/figure.h"
#include "report/html_page.h"
#include "report/request_table.h"
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

// Runs of a gateway are told by their ids: kind, start, four digits.
bool of_a_gateway(const std::string& run) { return run.starts_with("serve-"); }

// The formats that only a finished study has.
Result<std::string> as_study(const Json& document, const std::string& format) {
  if (document["schema"].as_string() != kStudySchema) {
    return fail(ErrorKind::usage, "export.not_a_study",
                "format '" + format + "' is for finished studies; this is " +
                    std::string(document["schema"].as_string("an unfinished run")),
                "use --format json or jsonl; csv and sql for a run or a gateway, too");
  }
  if (format == "html") return html_page(document);
  auto result = study_from_json(document);
  if (!result) return fail(result.error());
  if (format == "csv") return trials_csv(*result);
  if (format == "arms-csv") return arms_csv(*result);
  if (format == "sql") return csv_as_sql("trials", trials_csv(*result)) + csv_as_sql("arms", arms_csv(*result));
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
  if (document->has("domains") && options.format == "sql") return csv_as_sql("domains", run_csv(*document));
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

// A word that is no run's may be a request's.
int show_request(const Context& context, const std::string& id, const Error& no_run) {
  const auto reader = open_serve_reader(context.settings.get("ledger"));
  if (!reader) return report_error(reader.error());
  const auto request = (*reader)->request(id);
  if (!request) {
    return report_error(request.error().code == "ledger.no_such_request" ? no_run
                                                                         : request.error());
  }
  const Json document = request_json(*request);
  context.print(request_table(document, screen()));
  const auto ok = context.emit(document);
  return ok ? 0 : report_error(ok.error());
}

std::string shown_usage(const std::string& run, const Json& document) {
  return fmt::format("{}: {}\n\n", run, figure_text(document["total"]).full()) +
         usage_table(document["usage"], screen());
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
  auto id = (*ledger)->resolve(options.id);
  if (!id) {
    return id.error().code == "ledger.no_such_run" ? show_request(context, options.id, id.error())
                                                   : report_error(id.error());
  }
  auto document = (*ledger)->show(*id);
  if (!document) return report_error(document.error());
  if (!of_a_gateway(*id)) {
    context.print(shown(*document));
  } else {
    document = with_usage(context.settings.get("ledger"), *id, std::move(*document));
    if (!document) return report_error(document.error());
    context.print(shown_usage(*id, *document));
  }
  const auto ok = context.emit(*document);
  return ok ? 0 : report_error(ok.error());
}

int export_run(const Context& context, const ExportOptions& options) {
  if (auto ok = context.check_outputs({options.output}); !ok) return report_error(ok.error());
  auto ledger = ledger_of(context);
  if (!ledger) return report_error(ledger.error());
  if (const auto run = (*ledger)->resolve(options.id);
      run && of_a_gateway(*run) && is_request_format(options.format)) {
    const auto done = export_requests(context, *run, options.format, options.output);
    return done ? 0 : report_error(done.error());
  }
  auto bytes = exported(**ledger, options);
  if (!bytes) return report_error(bytes.error());
  const auto ok = write_to(context, options.output, *bytes);
  return ok ? 0 : report_error(ok.error());
}

}  // namespace joulebook
