#include "cli/report_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/clock.h"
#include "core/json_strings.h"
#include "core/version.h"
#include "export/card/card.h"
#include "export/card/facts.h"
#include "export/request_export.h"
#include "ledger/hours.h"
#include "sensor/remote/times.h"

namespace joulebook {
namespace {

struct Row {
  RunSummary run;
  Quantity energy;
  std::int64_t begin_ns = 0;  // since 1970 UTC
  std::int64_t end_ns = 0;
};

Quantity figure(const Json& json) {
  if (auto q = quantity_from_json(json)) return *q;
  return Quantity::absent("J", {"run.unfinished", "the run has no total", "ask again when it has ended"});
}

// Two records that ran at once on one machine saw the same joules: their sum would count them twice.
bool overlap(std::vector<Row> rows) {
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.begin_ns < b.begin_ns; });
  std::int64_t end = INT64_MIN;
  for (const auto& row : rows) {
    if (row.begin_ns < end) return true;
    end = std::max(end, row.end_ns);
  }
  return false;
}

Quantity total_of(const std::vector<Row>& rows) {
  if (overlap(rows)) {
    return Quantity::absent("J", {"report.overlap", "records of the selection ran at the same time: their sum would "
                                                    "count the same joules twice",
                                  "choose records that follow one another"});
  }
  std::vector<Quantity> parts;
  for (const auto& row : rows) parts.push_back(row.energy);
  Quantity total = sum(parts);
  if (parts.size() > 1) total.method = fmt::format("sum of {} records", parts.size());
  return total;
}

Json days_of(const std::vector<Row>& rows) {
  std::map<std::string, std::vector<Quantity>> days;
  for (const auto& row : rows) days[row.run.started_utc.substr(0, 10)].push_back(row.energy);
  Json list = Json::array();
  for (const auto& [day, energies] : days) {
    list.push(Json::object({{"day", day},
                            {"records", static_cast<std::int64_t>(energies.size())},
                            {"energy", to_json(sum(energies))}}));
  }
  return list;
}

Json record_json(const Row& row) {
  return Json::object({{"id", row.run.id},
                       {"kind", row.run.kind},
                       {"title", row.run.title},
                       {"started", row.run.started_utc},
                       {"duration_s", row.run.duration_s},
                       {"complete", row.run.complete},
                       {"energy", to_json(row.energy)}});
}

// The subjects of the selection as a card has them, without the forms.
Result<Json> subjects_of(const Context& context, const Chosen& chosen, Json& warnings) {
  card::Statement statement;
  statement.made = iso8601(system_clock().anchor().wall_ns);
  statement.by = chosen.by;
  statement.facts = card::no_facts();
  auto builder = card::CardBuilder::make(std::move(statement));
  if (!builder) return fail(builder.error());
  for (const auto& record : chosen.records) {
    if (const auto ok = builder->add(record); !ok) warnings.push(record.id + ": " + ok.error().message);
  }
  const auto read = each_selected_request(context.settings.get("ledger"), chosen,
                                          [&](const Json& row) { return builder->add_request(row); });
  if (!read) return fail(read.error());
  for (const auto& warning : *read) warnings.push(warning);
  const auto card = builder->finish({});
  Json list = Json::array();
  if (!card) return card.error().code == "card.empty" ? Result<Json>(list) : fail(card.error());
  for (Json subject : (*card)["subjects"].items()) {
    for (const char* key : {"forms", "class", "carbon"}) subject.erase(key);
    list.push(std::move(subject));
  }
  return list;
}

HourSpan hours_of(const Chosen& chosen) {
  HourSpan span;
  if (chosen.from_ns != INT64_MIN) span.from = chosen.from_ns / kHourNs;
  if (chosen.to_ns != INT64_MAX) span.to = (chosen.to_ns + kHourNs - 1) / kHourNs;
  return span;
}

std::vector<Row> rows_of(const Chosen& chosen) {
  std::vector<Row> rows;
  for (const auto& id : chosen.ids()) {
    const RunSummary& run = *std::ranges::find(chosen.runs, id, &RunSummary::id);
    Row row{run, figure(run.total)};
    row.begin_ns = parse_iso_time(run.started_utc).value_or(0);
    row.end_ns = row.begin_ns + static_cast<std::int64_t>(run.duration_s * 1e9);
    rows.push_back(std::move(row));
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.begin_ns < b.begin_ns; });
  return rows;
}

// What gateways of the selection came to; their rows get what they say. Those without any are dropped.
Result<Json> gateways_of(const Context& context, const Ledger& ledger, const Chosen& chosen, std::vector<Row>& rows) {
  Json list = Json::array();
  for (const auto& id : chosen.gateways) {
    const auto document = ledger.show(id);
    if (!document) return fail(document.error());
    auto whole = with_usage(context.settings.get("ledger"), id, *document, hours_of(chosen));
    if (!whole) return fail(whole.error());
    const auto row = std::find_if(rows.begin(), rows.end(), [&id](const Row& r) { return r.run.id == id; });
    const bool spanned = !chosen.since.empty() || !chosen.until.empty();
    if (spanned && (*whole)["usage"]["accounts"].items().empty()) {
      if (row != rows.end()) rows.erase(row);
      continue;
    }
    if (row != rows.end()) row->energy = spanned ? figure((*whole)["usage"]["meter"]) : figure((*whole)["total"]);
    list.push(Json::object({{"id", id}, {"usage", (*whole)["usage"]}}));
  }
  return list;
}

}  // namespace

Result<Json> with_usage(const std::string& ledger_path, const std::string& run, Json document, HourSpan span) {
  const auto reader = open_serve_reader(ledger_path);
  if (!reader) return fail(reader.error());
  auto usage = usage_json(**reader, run, span);
  if (!usage) return fail(usage.error());
  if (!document["total"].is_object()) {
    double so_far = 0;
    for (const auto& a : (*usage)["accounts"].items()) so_far += a["energy"]["value"].as_double();
    const Reason reason{"run.unfinished", "the run has not ended", "ask again when it has"};
    document.set("total", to_json(Quantity::absent("J", reason, so_far)));
  }
  return document.set("usage", std::move(*usage));
}

Result<Json> report_document(const Context& context, const Ledger& ledger, const Chosen& chosen,
                             const std::string& title) {
  Json warnings = Json::array();
  auto rows = rows_of(chosen);
  auto gateways = gateways_of(context, ledger, chosen, rows);
  if (!gateways) return fail(gateways.error());
  auto subjects = subjects_of(context, chosen, warnings);
  if (!subjects) return fail(subjects.error());
  if (rows.empty()) {
    return fail(ErrorKind::input, "report.empty", "there is nothing in the selection", "joulebook list shows what is there");
  }
  Json records = Json::array();
  for (const auto& row : rows) records.push(record_json(row));
  return Json::object({{"schema", "joulebook.report/1"},
                       {"joulebook", Json::object({{"version", build_version()}, {"commit", build_commit()}})},
                       {"title", text_or_null(title)},
                       {"made", iso8601(system_clock().anchor().wall_ns)},
                       {"since", text_or_null(chosen.since)},
                       {"until", text_or_null(chosen.until)},
                       {"total", to_json(total_of(rows))},
                       {"days", days_of(rows)},
                       {"records", std::move(records)},
                       {"gateways", std::move(*gateways)},
                       {"subjects", std::move(*subjects)},
                       {"warnings", std::move(warnings)}});
}

}  // namespace joulebook
