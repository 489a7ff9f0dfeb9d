// Rows of serving plans (`predict --csv`) of any bytes: every record comes back with six cells more,
// and what is predicted is finite, positive and inside its interval.
// Fault planted on 2026-11-25: a line end inside quotes taken for the end of a record, found after 121
// inputs. Not found within a minute: sizes without a lower bound.
#include <cmath>
#include <cstdlib>

#include "core/text.h"
#include "physics/serving/predict_csv.h"

namespace {

constexpr std::string_view kHeader =
    "source,task,model,total_params_b,active_params_b,arch,weight_precision,gpu,num_gpus,tp,pp,dp,ep,"
    "max_num_seqs,avg_batch,avg_input_tokens,avg_output_tokens,tpot_stat\n";

void require(bool ok) {
  if (!ok) std::abort();
}

void check(std::string_view text) {
  using namespace joulebook;
  const auto csv = serving::predict_csv(text, serving::built_in_fit());
  if (!csv) return;
  const auto records = serving::csv_records(csv->text);
  require(records.size() == csv->rows + 1);
  for (std::size_t i = 1; i < records.size(); ++i) {
    const auto cells = parse_csv_line(records[i]);
    require(cells.size() >= 6);
    if (cells[cells.size() - 6].empty()) continue;
    const auto value = parse_double(cells[cells.size() - 6]), lo = parse_double(cells[cells.size() - 5]),
               hi = parse_double(cells[cells.size() - 4]);
    if (!cells.back().empty()) continue;  // refused
    require(value && lo && hi && std::isfinite(*hi) && *value > 0 && *lo <= *value && *value <= *hi);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text);
  check(std::string(kHeader) + std::string(text));  // most bytes get no further than the header
  return 0;
}
