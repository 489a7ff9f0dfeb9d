// sensors --model-csv: what the model of a machine says about servers named in a CSV.
#include <fmt/format.h>

#include <iostream>
#include <iterator>

#include "cli/commands.h"
#include "sensor/model/model_csv.h"

namespace joulebook {
namespace {

Result<std::string> text_of(const std::string& file) {
  if (file != "-") return read_file(file);
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

Quantity quantity_of(const PowerRange& range, const ServerPower& power) {
  Quantity q = Quantity::exact(range.watts, "W");
  q.own = range.interval;
  q.level = kModelCsvLevel;
  q.tier = Tier::modelled;
  q.boundary = "node";
  q.method = fmt::format("SPECpower_ssj2008, nearest: {}; from {}", to_string(power.nearness),
                         fmt::join(power.relatives, ", "));
  return q;
}

Json row_json(const ModelCsvRow& row) {
  Json out = Json::object({{"line", static_cast<std::int64_t>(row.line)}, {"cpu", row.cpu}});
  const Reason reason{"csv.row", row.refusal, "correct the row"};
  out.set("idle", to_json(row.power ? quantity_of(row.power->idle, *row.power)
                                    : Quantity::absent("W", reason)));
  out.set("full", to_json(row.power ? quantity_of(row.power->full, *row.power)
                                    : Quantity::absent("W", reason)));
  return out;
}

Json document_of(const ModelCsv& table) {
  Json rows = Json::array();
  for (const ModelCsvRow& row : table.rows) rows.push(row_json(row));
  return Json::object({{"schema", "joulebook.machine_model/1"}, {"rows", std::move(rows)}});
}

}  // namespace

int model_csv(const Context& context, const std::string& file) {
  const auto text = text_of(file);
  if (!text) return report_error(text.error());
  const auto table = append_model_columns(*text);
  if (!table) return report_error(table.error());
  std::size_t refused = 0;
  for (const ModelCsvRow& row : table->rows) {
    if (row.power) continue;
    ++refused;
    context.warn(fmt::format("{}:{}: {}", file, row.line, row.refusal));
  }
  context.print(table->csv);
  if (auto ok = context.emit(document_of(*table)); !ok) return report_error(ok.error());
  if (refused == 0 || refused < table->rows.size()) return 0;
  return report_error({ErrorKind::input, "csv.rows", file + ": no row could be used",
                       "chips and threads are whole numbers; threads those of all chips together"});
}

}  // namespace joulebook
