#include "cli/card_selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "account/footprint/when.h"
#include "core/clock.h"
#include "core/text.h"
#include "export/card/windows.h"
#include "export/request_export.h"
#include "ledger/serve_ledger.h"
#include "sensor/remote/times.h"

namespace joulebook {
namespace {

// "2026-11-01" is its first instant in UTC; else a time with its zone.
Result<std::int64_t> instant(const std::string& text, const char* flag) {
  const bool day = text.size() == 10;
  const auto ns = account::parse_instant(text, day ? std::optional(0) : std::nullopt);
  if (ns) return *ns;
  return fail(ErrorKind::usage, "card.selection", fmt::format("{} '{}': {}", flag, text, ns.error().message),
              "write 2026-11-01, or 2026-11-01T08:30:00Z");
}

Status set_span(const CardSelection& selection, Chosen& chosen) {
  if (!selection.since.empty()) {
    const auto ns = instant(selection.since, "--since");
    if (!ns) return fail(ns.error());
    chosen.from_ns = *ns;
    chosen.since = iso8601(*ns);
  }
  if (!selection.until.empty()) {
    const auto ns = instant(selection.until, "--until");
    if (!ns) return fail(ns.error());
    chosen.to_ns = *ns;
    chosen.until = iso8601(*ns);
  }
  if (chosen.from_ns < chosen.to_ns) return {};
  return fail(ErrorKind::usage, "card.selection", "--until is not after --since", "swap them");
}

Status add_run(const Ledger& ledger, const RunSummary& run, bool keep_text, Chosen& chosen) {
  if (run.kind == "serve") {
    chosen.gateways.push_back(run.id);
    chosen.runs.push_back(run);
    return {};
  }
  auto document = ledger.show(run.id);
  if (!document) return fail(document.error());
  chosen.runs.push_back(run);
  chosen.records.push_back({run.id, run.kind, run.title, run.started_utc,
                            keep_text ? std::move(*document) : card::without_text(std::move(*document))});
  return {};
}

// What began in the span, oldest first; of what is no gateway only what is finished.
Status add_span(const Ledger& ledger, const std::vector<RunSummary>& all, bool keep_text, Chosen& chosen) {
  for (auto run = all.rbegin(); run != all.rend(); ++run) {
    const auto began = parse_iso_time(run->started_utc);
    const bool inside = began && *began >= chosen.from_ns && *began < chosen.to_ns;
    // A gateway that began before the span may have served in it.
    if (run->kind != "serve" && (!inside || !run->complete)) continue;
    if (auto ok = add_run(ledger, *run, keep_text, chosen); !ok) return ok;
  }
  return {};
}

// How many requests of a run are in its hourly sums and have no row of their own any more.
Result<std::int64_t> rolled_up(const ServeReader& reader, const std::string& run, std::int64_t rows) {
  const auto totals = reader.totals(TotalBy::model, {}, run);
  if (!totals) return fail(totals.error());
  std::int64_t begun = 0;
  for (const auto& total : *totals) begun += total.begun;
  return std::max<std::int64_t>(0, begun - rows);
}

// One domain's windows of one hour: handed on where one of the requests was posted to in them.
class HourOfWindows {
 public:
  HourOfWindows(const std::set<std::string>& requests, const std::function<Status(const Json&)>& visit)
      : requests_(requests), visit_(visit) {}

  void take(const StoredWindow& window) {
    if (!held_.empty() && (window.hour != hour_ || window.window.domain != domain_)) let_go();
    hour_ = window.hour;
    domain_ = window.window.domain;
    held_.push_back(card::folded(window_json(window), requests_));
    wanted_ = wanted_ || std::ranges::any_of(held_.back()["postings"].members(), [](const auto& posting) {
      return posting.first.starts_with(card::kRequestPrefix);
    });
  }
  Status end() {
    let_go();
    return status_;
  }

 private:
  void let_go() {
    for (const auto& window : held_) {
      if (wanted_ && status_) status_ = visit_(window);
    }
    held_.clear();
    wanted_ = false;
  }

  const std::set<std::string>& requests_;
  const std::function<Status(const Json&)>& visit_;
  std::vector<Json> held_;
  std::int64_t hour_ = 0;
  std::string domain_;
  bool wanted_ = false;
  Status status_;
};

}  // namespace

std::vector<std::string> Chosen::ids() const {
  std::vector<std::string> ids;
  for (const auto& record : records) ids.push_back(record.id);
  ids.insert(ids.end(), gateways.begin(), gateways.end());
  return ids;
}

void add_selection(CLI::App& command, CardSelection& selection) {
  command.add_option("runs", selection.runs, "ids of the ledger, unique prefixes, or 'last'")->type_name("RUN");
  command.add_option("--since", selection.since, "instead of runs: what began, or arrived, from then on")
      ->type_name("TIME");
  command.add_option("--until", selection.until, "and before then")->type_name("TIME");
  command.add_option("--by", selection.by, "what metered requests are told apart by")
      ->capture_default_str()
      ->type_name("tenant,model,route,month");
  command.add_flag("--keep-text", selection.keep_text,
                   "leave prompts, answers and commands in, where the ledger has them");
}

Result<Chosen> resolve_selection(const Ledger& ledger, const CardSelection& selection) {
  Chosen chosen;
  for (const auto word : split(selection.by, ',')) chosen.by.emplace_back(trim(word));
  if (auto ok = set_span(selection, chosen); !ok) return fail(ok.error());
  const auto all = ledger.list(static_cast<std::size_t>(INT64_MAX));
  if (!all) return fail(all.error());
  if (selection.runs.empty()) {
    if (selection.since.empty() && selection.until.empty()) {
      return fail(ErrorKind::usage, "card.selection", "no run and no span is named",
                  "name runs (joulebook list shows them), or --since DAY");
    }
    if (auto ok = add_span(ledger, *all, selection.keep_text, chosen); !ok) return fail(ok.error());
    return chosen;
  }
  for (const auto& word : selection.runs) {
    const auto id = ledger.resolve(word);
    if (!id) return fail(id.error());
    const auto run = std::find_if(all->begin(), all->end(), [&id](const auto& r) { return r.id == *id; });
    if (run == all->end()) continue;
    if (auto ok = add_run(ledger, *run, selection.keep_text, chosen); !ok) return fail(ok.error());
  }
  return chosen;
}

Result<std::vector<std::string>> each_selected_request(const std::string& ledger_path, const Chosen& chosen,
                                                       const std::function<Status(const Json&)>& visit) {
  std::vector<std::string> warnings;
  if (chosen.gateways.empty()) return warnings;
  const auto reader = open_serve_reader(ledger_path);
  if (!reader) return fail(reader.error());
  Status result;
  for (const auto& run : chosen.gateways) {
    std::int64_t rows = 0;
    const auto read = (*reader)->each_request(run, [&](const StoredRequest& request) {
      ++rows;
      const bool inside = request.arrived_wall_ns >= chosen.from_ns && request.arrived_wall_ns < chosen.to_ns;
      if (result && inside) result = visit(request_json(request));
    });
    if (!read) return fail(read.error());
    if (!result) return fail(result.error());
    const auto lost = rolled_up(**reader, run, rows);
    if (!lost) return fail(lost.error());
    if (*lost == 0) continue;
    warnings.push_back(fmt::format("{}: {} older requests were rolled up into hourly sums and are not in these figures",
                                   run, *lost));
  }
  return warnings;
}

Status each_selected_window(const std::string& ledger_path, const Chosen& chosen, const std::set<std::string>& requests,
                            const std::function<Status(const Json&)>& visit) {
  if (requests.empty()) return {};
  const auto reader = open_serve_reader(ledger_path);
  if (!reader) return fail(reader.error());
  for (const auto& run : chosen.gateways) {
    HourOfWindows hour(requests, visit);
    const auto read = (*reader)->each_window(run, {}, [&hour](const StoredWindow& w) { hour.take(w); });
    if (!read) return read;
    if (auto ok = hour.end(); !ok) return ok;
  }
  return {};
}

}  // namespace joulebook
