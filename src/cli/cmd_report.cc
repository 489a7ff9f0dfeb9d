// report: a selection of the ledger as one page for people.
#include "cli/card_selection.h"
#include "cli/command_line.h"
#include "cli/report_document.h"
#include "core/file_tree.h"
#include "report/report_page.h"

namespace joulebook {
namespace {

struct ReportOptions {
  CardSelection selection;
  std::string title;
  std::string output = "-";
};

int report(const Context& context, const ReportOptions& options) {
  if (auto ok = context.check_outputs({options.output}); !ok) return report_error(ok.error());
  const auto ledger = open_ledger(context.settings.get("ledger"));
  if (!ledger) return report_error(ledger.error());
  const auto chosen = resolve_selection(**ledger, options.selection);
  if (!chosen) return report_error(chosen.error());
  const auto document = report_document(context, **ledger, *chosen, options.title);
  if (!document) return report_error(document.error());
  if (options.output == "-") {
    context.print(report_page(*document));
  } else if (auto ok = write_file(options.output, report_page(*document)); !ok) {
    return report_error(ok.error());
  }
  const auto ok = context.emit(*document);
  return ok ? 0 : report_error(ok.error());
}

}  // namespace

void add_report(CommandLine& line) {
  const auto options = std::make_shared<ReportOptions>();
  CLI::App& c = line.add("report", "one page over any selection of the ledger, for people",
                         [options](const Context& context) { return report(context, *options); });
  add_selection(c, options->selection);
  c.add_option("--title", options->title, "a heading for the page");
  c.add_option("-o,--output", options->output, "HTML file ('-': standard output)")->capture_default_str();
}

}  // namespace joulebook
