// ledger verify, ledger compact: the ledger itself.
#include <fmt/format.h>

#include "cli/attach.h"
#include "cli/command_line.h"
#include "core/clock.h"
#include "ledger/serve_ledger.h"

namespace joulebook {
namespace {

int verify(const Context& context) {
  auto ledger = open_ledger(context.settings.get("ledger"));
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

struct CompactOptions {
  std::string older_than = "30d";
};

Json compaction_json(const Compaction& done) {
  return Json::object({{"schema", "joulebook.compaction/1"},
                       {"before", done.before_utc},
                       {"settlements", done.settlements},
                       {"hours", done.hours},
                       {"requests", done.requests},
                       {"metered_uj", done.meter.count},
                       {"bytes_before", done.bytes_before},
                       {"bytes_after", done.bytes_after}});
}

int compact(const Context& context, const CompactOptions& options) {
  const auto span = parse_span(options.older_than);
  if (!span) {
    return report_error({ErrorKind::usage, "ledger.older_than",
                         "'" + options.older_than + "' is no span of time", "--older-than 30d"});
  }
  const Anchor now = system_clock().anchor();
  const auto before = now.wall_ns - static_cast<std::int64_t>(*span * 1e9);
  const auto done = compact_ledger(context.settings.get("ledger"), before, now);
  if (!done) return report_error(done.error());
  if (done->settlements == 0 && done->requests == 0) {
    context.print(fmt::format("no gateway metered anything before {}\n", done->before_utc));
  } else {
    context.print(fmt::format(
        "before {}: {} windows are {} hours now, {} requests are in the hourly sums alone; {} as "
        "before; {:.1f} MB of {:.1f} MB left\n",
        done->before_utc, done->settlements, done->hours, done->requests,
        human(to_joules(done->meter).value(), "J"), static_cast<double>(done->bytes_after) * 1e-6,
        static_cast<double>(done->bytes_before) * 1e-6));
  }
  if (done->not_shrunk) {
    context.warn(fmt::format("the file keeps its size: {}; run it again to shrink it",
                             done->not_shrunk->message));
  }
  const auto ok = context.emit(compaction_json(*done));
  return ok ? 0 : report_error(ok.error());
}

}  // namespace

void add_ledger(CommandLine& line) {
  CLI::App& group = line.group("ledger", "the ledger itself");
  line.add("verify", "prove that every settled window sums to the meter", verify, &group);
  const auto options = std::make_shared<CompactOptions>();
  CLI::App& c = line.add(
      "compact", "roll what gateways metered long ago into hourly accounts that sum to the meter",
      [options](const Context& context) { return compact(context, *options); }, &group);
  c.add_option("--older-than", options->older_than, "windows and requests older than this: 30d, 12h")
      ->capture_default_str()
      ->type_name("SPAN");
}

}  // namespace joulebook
