#include "physics/serving/predict_csv.h"

#include <fmt/format.h>

#include <optional>

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

// What is appended to one row; counts it.
std::string row_cells(const Columns& columns, const std::vector<std::string>& cells,
                      std::size_t line, const ServingFit& fit, PredictedCsv& out) {
  ++out.rows;
  const auto row = read_row(columns, cells);
  if (row) {
    out.guessed += row->work.shape.synthesised ? 1 : 0;
    return predicted_cells(*row, fit);
  }
  ++out.refused;
  const auto& e = row.error();
  constexpr std::size_t kShown = 10;
  if (out.reasons.size() < kShown) {
    out.reasons.push_back(fmt::format("line {}: {} ({})", line, e.message, e.cure));
  }
  return ",,,,,," + csv_field(fmt::format("{}: {}", e.code, e.message));
}

}  // namespace

std::vector<std::string_view> csv_records(std::string_view text) {
  std::vector<std::string_view> records;
  for (std::size_t line = 1; !text.empty();) {
    const CsvRecord record = next_csv_record(text, line);
    if (!trim(record.text).empty()) records.push_back(record.text);
  }
  return records;
}

Result<PredictedCsv> predict_csv(std::string_view text, const ServingFit& fit) {
  PredictedCsv out;
  std::optional<Columns> columns;
  auto csv = append_csv_columns(
      text, {.names = kAppended,
             .cure = "give a CSV file with rows, in the columns of data/ml_energy.csv",
             .header =
                 [&](const std::vector<std::string>& names) -> Status {
               auto found = Columns::of(names);
               if (!found) return fail(found.error());
               columns = std::move(*found);
               return {};
             },
             .row = [&](const std::vector<std::string>& cells,
                        std::size_t line) { return row_cells(*columns, cells, line, fit, out); }});
  if (!csv) return fail(csv.error());
  out.text = std::move(*csv);
  return out;
}

}  // namespace joulebook::serving
