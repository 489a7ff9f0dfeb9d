// run and mark: measure any command, as perf stat does, or what runs already.
#include <fmt/format.h>

#include <filesystem>

#include "cli/attach.h"
#include "cli/c_session.h"
#include "cli/commands.h"
#include "ledger/ledger.h"
#include "report/terminal_table.h"
#include "study/settle_run.h"

namespace joulebook {
namespace {

Json options_of(const Context& context, const RunOptions& options) {
  Json json = session_options(context);
  if (!options.record.empty()) json.set("record", options.record);
  if (!options.replay.empty()) json.set("replay", options.replay);
  Json pids = Json::array();
  for (const int pid : options.pids) pids.push(pid);
  if (!options.pids.empty()) json.set("pids", std::move(pids));
  if (options.port != 0) json.set("port", options.port);
  if (options.all) json.set("all", true);
  return json;
}

// The program's name alone: arguments may hold prompts and keys.
std::string title_of(const RunOptions& options, const Json& report) {
  if (options.attaches()) return target_title(report["target"]);
  if (options.command.empty()) return "replay";
  return std::filesystem::path(options.command.front()).filename().string();
}

Status keep(Ledger& ledger, const RunOptions& options, const Anchor& start, const Json& report) {
  auto id = ledger.begin_run("run", title_of(options, report), start,
                             Json::object({{"repeats", options.repeats}}));
  if (!id) return fail(id.error());
  std::int64_t ordinal = 0;
  for (const auto& window : settle_run(report)) {
    auto added = ledger.add_trial(*id, ordinal++, window.about, window.settlements);
    if (!added) return added;
  }
  return ledger.end_run(*id, system_clock().anchor(), report, true);
}

// Runs the command as often as asked; its last exit code, or the first that was not 0.
Result<int> run_all(const Context& context, const RunOptions& options, CSession& session) {
  for (int i = 0; i < options.repeats && !cancelled(); ++i) {
    auto outcome = session.run(options.command, !context.prints());
    if (!outcome) return fail(outcome.error());
    if (const auto problem = (*outcome)["problem"].as_string(); !problem.empty()) {
      fmt::print(stderr, "joulebook: {}\n", problem);
    }
    if (const int code = static_cast<int>((*outcome)["exit_code"].as_int()); code != 0) return code;
  }
  return 0;
}

Status check_request(const RunOptions& options) {
  if (options.attaches()) return check_attach(options);
  if (options.for_s > 0 || options.interval_s > 0) {
    return fail(ErrorKind::usage, "run.span", "--for and --interval go with --pid, --port or --all",
                "a command is measured from its start to its end");
  }
  if (options.command.empty() == options.replay.empty()) {
    return fail(
        ErrorKind::usage, "run.no_command",
        options.replay.empty() ? "there is no command to measure" : "a replay measures no command",
        "joulebook run -- COMMAND ..., joulebook run --pid N, or joulebook run --replay FILE");
  }
  return {};
}

}  // namespace

int run(const Context& context, const RunOptions& options) {
  if (auto ok = check_request(options); !ok) return report_error(ok.error());
  if (auto ok = context.check_outputs({options.record}); !ok) return report_error(ok.error());
  auto ledger = open_ledger(context.settings.get("ledger"));
  if (!ledger) return report_error(ledger.error());
  const Anchor start = system_clock().anchor();
  auto session = CSession::open(options_of(context, options));
  if (!session) return report_error(session.error());
  const Result<int> code = options.attaches()          ? attach(context, options, *session)
                           : options.command.empty() ? 0
                                                     : run_all(context, options, *session);
  if (!code) return report_error(code.error());
  if (*code == 126 || *code == 127) return *code;

  auto report = session->report();
  if (!report) return report_error(report.error());
  // As perf stat does: figures go where the command's own output does not.
  if (options.attaches()) {
    context.print(run_table(*report, {terminal_width(), wants_colour(1)}));
  } else if (context.json != "-" && !context.quiet) {
    fmt::print(stderr, "\n{}", run_table(*report, {terminal_width(), wants_colour(2)}));
  }
  if (options.replay.empty()) {
    if (auto ok = keep(**ledger, options, start, *report); !ok) return report_error(ok.error());
  }
  if (auto ok = context.emit(*report); !ok) return report_error(ok.error());
  return *code;
}

int mark(const Context&, const MarkOptions& options) {
  const int code = joulebook_mark_send(options.name.c_str());
  return code == 0 ? 0 : report_error(last_c_error(code));
}

}  // namespace joulebook
