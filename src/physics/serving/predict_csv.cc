#include "physics/serving/predict_csv.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/csv_records.h"
#include "core/text.h"

namespace joulebook::serving {
namespace {

constexpr std::string_view kAppended =
    ",pred_j_per_output_token,pred_lo,pred_hi,pred_tpot_ms,pred_avg_power_w,pred_reason";

std::string predicted_cells(const Row& row, const ServingFit& fit) {
  const Prediction r = predict(row.work, fit.parameters);
  const Factors f = factors(fit.spread, row.work);
  const double tpot = row.median ? r.tpot_median_s : r.tpot_mean_s;
  constexpr double kMilli = 1e3;
  return fmt::format(",{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},", r.j_per_token, r.j_per_token * f.lo,
                     r.j_per_token * f.hi, tpot * kMilli, r.power_w);
}

}  // namespace

std::vector<std::string_view> csv_records(std::string_view text) {
  std::vector<std::string_view> records;
  for (std::size_t line = 1; !text.empty();) {
    CsvRecord record = next_csv_record(text, line);
    if (record.end.empty() && record.text.ends_with('\r')) record.text.remove_suffix(1);
    if (!record.text.empty()) records.push_back(record.text);
  }
  return records;
}

Result<PredictedCsv> predict_csv(std::string_view text, const ServingFit& fit) {
  const auto records = csv_records(without_byte_order_mark(text));
  if (records.empty()) {
    return fail(ErrorKind::input, "csv.empty", "the file has no header", "give a CSV file with rows");
  }
  if (std::ranges::count(records.back(), '"') % 2 != 0) {
    return fail(ErrorKind::input, "csv.quote",
                fmt::format("a quote in record {} is never closed", records.size()),
                "close it, or double a quote that is part of a quoted cell");
  }
  auto columns = Columns::of(parse_csv_line(records[0]));
  if (!columns) return fail(columns.error());
  PredictedCsv out;
  out.text = fmt::format("{}{}\n", records[0], kAppended);
  for (std::size_t i = 1; i < records.size(); ++i) {
    ++out.rows;
    out.text += records[i];
    const auto row = read_row(*columns, parse_csv_line(records[i]));
    if (row) {
      out.guessed += row->work.shape.synthesised ? 1 : 0;
      out.text += predicted_cells(*row, fit);
    } else {
      ++out.refused;
      const auto& e = row.error();
      out.text += ",,,,,," + csv_field(fmt::format("{}: {}", e.code, e.message));
      constexpr std::size_t kShown = 10;
      if (out.reasons.size() < kShown) {
        out.reasons.push_back(fmt::format("row {}: {} ({})", i, e.message, e.cure));
      }
    }
    out.text += '\n';
  }
  return out;
}

}  // namespace joulebook::serving
