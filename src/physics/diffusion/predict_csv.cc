#include "physics/diffusion/predict_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "core/csv_records.h"
#include "core/text.h"

namespace joulebook::diffusion {
namespace {

enum Column : std::size_t {
  kModel, kTask, kGpu, kGpus, kBatch, kWidth, kHeight, kSteps,  // needed
  kFrames, kSource, kTotal, kDenoiser, kPrecision, kUlysses, kRing,
  kColumns
};
constexpr std::size_t kNeeded = kFrames;
constexpr std::array<std::string_view, kColumns> kNames = {
    "model",  "task",   "gpu",    "num_gpus",       "batch_size",        "width",
    "height", "steps",  "frames", "source",         "total_params_b",    "denoiser_params_b",
    "weight_precision", "ulysses_degree", "ring_degree"};
constexpr std::string_view kAppended =
    ",pred_j_per_item,pred_lo,pred_hi,pred_batch_latency_s,pred_avg_power_w,pred_reason";
constexpr std::size_t kNowhere = std::numeric_limits<std::size_t>::max();

std::string appended(const CsvRow& row) {
  if (!row.prediction)
    return ",,,,,," + csv_field(row.refusal->message + "; " + row.refusal->cure);
  const Prediction& p = *row.prediction;
  return fmt::format(",{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},", p.j_per_item, p.lo, p.hi,
                     p.batch_latency_s, p.power_w);
}

CsvRow row_of(const Columns& columns, const std::vector<std::string>& cells, std::size_t line,
              const Parameters& parameters) {
  CsvRow row{.line = line, .model = columns.cell(cells, kModel)};
  auto request = columns.request(cells);
  if (request) {
    auto prediction = predict(*request, parameters);
    if (prediction) {
      row.prediction = std::move(*prediction);
    } else {
      row.refusal = prediction.error();
    }
  } else {
    row.refusal = request.error();
  }
  return row;
}

}  // namespace

bool is_diffusion_header(const std::vector<std::string>& columns) {
  for (const std::string_view name : {"steps", "width", "frames"})
    if (std::ranges::find(columns, name) == columns.end()) return false;
  return true;
}

Result<Columns> Columns::find(const std::vector<std::string>& header) {
  Columns out;
  for (std::size_t i = 0; i < kColumns; ++i) {
    std::size_t at = 0;
    while (at < header.size() && lower(trim(header[at])) != kNames[i]) ++at;
    if (at == header.size() && i < kNeeded)
      return fail(ErrorKind::input, "csv.column",
                  fmt::format("the CSV has no column {}", kNames[i]),
                  "name the columns as data/ml_energy_diffusion.csv does");
    out.at_.push_back(at < header.size() ? at : kNowhere);
  }
  return out;
}

std::string Columns::cell(const std::vector<std::string>& cells, std::size_t column) const {
  const std::size_t at = at_[column];
  return at < cells.size() ? std::string(trim(cells[at])) : std::string();
}

Result<Request> Columns::request(const std::vector<std::string>& cells) const {
  Request r;
  r.model = cell(cells, kModel);
  r.task = cell(cells, kTask);
  r.gpu = cell(cells, kGpu);
  r.precision = cell(cells, kPrecision);
  r.engine = cell(cells, kSource) == "v2" ? Engine::diffusers : Engine::xdit;
  struct Number {
    Column column;
    double* into;
  };
  const Number numbers[] = {
      {kGpus, &r.gpus},     {kBatch, &r.batch},   {kWidth, &r.width},
      {kHeight, &r.height}, {kSteps, &r.steps},   {kFrames, &r.frames},
      {kUlysses, &r.ulysses}, {kRing, &r.ring},
      {kTotal, &r.total_params_b}, {kDenoiser, &r.denoiser_params_b}};
  for (const auto& [column, into] : numbers) {
    const std::string text = cell(cells, column);
    if (text.empty() && column >= kNeeded) continue;
    const auto value = parse_double(text);
    if (!value)
      return fail(ErrorKind::input, "diffusion.size",
                  fmt::format("{} is '{}', no number", kNames[column], text),
                  fmt::format("give {} as it was run", kNames[column]));
    *into = *value;
  }
  return r;
}

Result<Csv> predict_csv(std::string_view text, const Parameters& parameters) {
  Csv out;
  Columns columns;
  auto csv = append_csv_columns(
      text, {.names = kAppended,
             .cure = "name the columns as data/ml_energy_diffusion.csv does",
             .header =
                 [&](const std::vector<std::string>& names) -> Status {
               auto found = Columns::find(names);
               if (!found) return fail(found.error());
               columns = std::move(*found);
               return {};
             },
             .row =
                 [&](const std::vector<std::string>& cells, std::size_t line) {
                   out.rows.push_back(row_of(columns, cells, line, parameters));
                   return appended(out.rows.back());
                 }});
  if (!csv) return fail(csv.error());
  out.csv = std::move(*csv);
  return out;
}

}  // namespace joulebook::diffusion
