// run and mark: measure any command, as perf stat does, or what runs already.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>

#include "cli/attach.h"
#include "cli/c_session.h"
#include "cli/commands.h"
#include "cli/gate.h"
#include "cli/shell_words.h"
#include "core/text.h"
#include "ledger/ledger.h"
#include "report/terminal_table.h"
#include "study/rng.h"
#include "study/settle_run.h"
#include "study/versus.h"

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

Result<std::string> keep(Ledger& ledger, const RunOptions& options, const Anchor& start,
                         const Json& report) {
  auto id = ledger.begin_run("run", title_of(options, report), start,
                             Json::object({{"repeats", std::max(1, options.repeats)}}));
  if (!id) return fail(id.error());
  std::int64_t ordinal = 0;
  for (const auto& window : settle_run(report)) {
    auto added = ledger.add_trial(*id, ordinal++, window.about, window.settlements);
    if (!added) return fail(added.error());
  }
  if (auto ended = ledger.end_run(*id, system_clock().anchor(), report, true); !ended) {
    return fail(ended.error());
  }
  return id;
}

Result<int> run_once(const Context& context, const std::vector<std::string>& command,
                     CSession& session) {
  auto outcome = session.run(command, !context.prints());
  if (!outcome) return fail(outcome.error());
  if (const auto problem = (*outcome)["problem"].as_string(); !problem.empty()) {
    fmt::print(stderr, "joulebook: {}\n", problem);
  }
  return static_cast<int>((*outcome)["exit_code"].as_int());
}

// Runs the command as often as asked; its last exit code, or the first that was not 0.
Result<int> run_all(const Context& context, const RunOptions& options, CSession& session) {
  for (int i = 0; i < std::max(1, options.repeats) && !cancelled(); ++i) {
    const auto code = run_once(context, options.command, session);
    if (!code || *code != 0) return code;
  }
  return 0;
}

// Both commands as often as asked, by pairs, in an order drawn anew for each, so that slow drift of
// the machine falls on both alike. `which`: what each repeat was, 0 or 1.
Result<int> run_pairs(const Context& context, const RunOptions& options,
                      const std::vector<std::string>& other, CSession& session,
                      std::vector<int>& which) {
  constexpr int kPairs = 10;
  Rng rng(1);
  for (int i = 0; i < (options.repeats > 0 ? options.repeats : kPairs); ++i) {
    std::array<int, 2> order = {0, 1};
    rng.shuffle(std::span<int>(order));
    for (const int turn : order) {
      if (cancelled()) return 128 + std::max(2, cancelling_signal());
      const auto& command = turn == 0 ? options.command : other;
      const auto code = run_once(context, command, session);
      if (code && *code != 0) {
        // Its own 1 or 4 would be read as a verdict.
        fmt::print(stderr, "joulebook: {} ended with exit code {}: nothing is compared\n", command.front(), *code);
      }
      if (!code || *code != 0) return code;
      which.push_back(turn);
    }
  }
  return 0;
}

// A command as a side of a comparison.
VersusSide side_of(const Json& report, const std::vector<int>& which, int turn,
                   const std::vector<std::string>& command) {
  std::vector<std::size_t> mine;
  for (std::size_t i = 0; i < which.size(); ++i) {
    if (which[i] == turn) mine.push_back(i);
  }
  return side_of_repeats(report, mine, join(command, " "), join(command, "\n"));
}

int run_versus(const Context& context, const RunOptions& options) {
  const auto asked = versus_options(options.gate);
  if (!asked) return report_error(asked.error());
  const auto other = shell_words(options.versus);
  if (!other) return report_error(other.error());
  auto ledger = open_ledger(context.settings.get("ledger"));
  if (!ledger) return report_error(ledger.error());
  const Anchor start = system_clock().anchor();
  auto session = CSession::open(options_of(context, options));
  if (!session) return report_error(session.error());
  std::vector<int> which;
  const auto code = run_pairs(context, options, *other, *session, which);
  if (!code) return report_error(code.error());
  if (*code != 0) return *code;
  auto report = session->report();
  if (!report) return report_error(report.error());
  // Of two commands together they would mean nothing.
  report->erase("command");
  report->erase("per_run");
  const auto id = keep(**ledger, options, start, *report);
  if (!id) return report_error(id.error());
  const auto result = versus(side_of(*report, which, 0, options.command),
                             side_of(*report, which, 1, *other), *asked, "run");
  if (!result) return report_error(result.error());
  if (context.json != "-" && !context.quiet) fmt::print(stderr, "\n{}", to_text(*result));
  Json document = to_json(*result);
  document.set("run", *id);
  if (auto ok = context.emit(document); !ok) return report_error(ok.error());
  return gate(*result, options.gate);
}

Status check_versus(const RunOptions& options) {
  if (options.versus.empty() && !options.gate.max_increase.empty()) {
    return fail(ErrorKind::usage, "run.versus", "--max-increase needs a --vs",
                "joulebook run --vs 'OTHER COMMAND' -- COMMAND ...");
  }
  if (!options.versus.empty() && !options.replay.empty()) {
    return fail(ErrorKind::usage, "run.versus", "a replay measures no command",
                "take --replay or --vs out");
  }
  return {};
}

Status check_request(const RunOptions& options) {
  if (options.attaches()) {
    if (auto ok = check_versus(options); !ok || options.versus.empty()) {
      return ok ? check_attach(options) : ok;
    }
    return fail(ErrorKind::usage, "run.versus", "--vs measures commands, not what runs already",
                "take --pid, --port, --all or --vs out");
  }
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
  return check_versus(options);
}

}  // namespace

int run(const Context& context, const RunOptions& options) {
  if (auto ok = check_request(options); !ok) return report_error(ok.error());
  if (auto ok = context.check_outputs({options.record}); !ok) return report_error(ok.error());
  if (!options.versus.empty()) return run_versus(context, options);
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
    if (auto kept = keep(**ledger, options, start, *report); !kept) {
      return report_error(kept.error());
    }
  }
  if (auto ok = context.emit(*report); !ok) return report_error(ok.error());
  if (*code != 0 || options.gate.require_tier.empty()) return *code;
  const auto total = quantity_from_json((*report)["total"]);
  if (!total) return report_error(total.error());
  const auto ok = check_tier(options.gate.require_tier, *total, "the total", "run.tier");
  return ok ? 0 : report_error(ok.error());
}

int mark(const Context&, const MarkOptions& options) {
  const int code = joulebook_mark_send(options.name.c_str());
  return code == 0 ? 0 : report_error(last_c_error(code));
}

}  // namespace joulebook
