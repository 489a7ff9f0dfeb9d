#pragma once
// Rows of serving measurements or plans, in the columns of data/ml_energy.csv.
//
// What a prediction reads: the columns from `source` to `max_num_seqs`, and avg_batch,
// avg_input_tokens, avg_output_tokens, tpot_stat where they are there. Nothing else, whatever is in
// it. What a fit reads besides: j_per_output_token, tpot_ms, output_tok_per_s.
#include <joulebook/result.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "physics/serving/step_model.h"

namespace joulebook::serving {

// Column indices of one file. Fails: input, "csv.column" naming the first that is missing.
class Columns {
 public:
  [[nodiscard]] static Result<Columns> of(const std::vector<std::string>& header);
  // The cell, trimmed; empty where the column or the cell is missing.
  [[nodiscard]] std::string_view cell(const std::vector<std::string>& cells, std::string_view name) const;
  // The cell as a finite number.
  [[nodiscard]] std::optional<double> number(const std::vector<std::string>& cells,
                                             std::string_view name) const;

 private:
  std::vector<std::string> names_;
};

struct Row {
  Workload work;
  std::string source, task, model;
  bool median = false;    // the stated time is the median gap between tokens
  bool estimated = false;  // the batch is an estimate from max_num_seqs
};

// What the row asks for. Fails: input; "row.number", "hardware.unknown", "shape.size", "row.batch".
// shape: false always synthesises it from its sizes (to see what that costs).
[[nodiscard]] Result<Row> read_row(const Columns& columns, const std::vector<std::string>& cells,
                                   bool known_shapes = true);

// A row with what was measured.
struct Example {
  Row row;
  double j_per_token = 0;
  double tpot_s = 0;  // of the stated statistic
  double step_s = 0;  // mean: sequences in flight / tokens per second
  std::string fold;   // rows of one architecture share it
};

// Every row that has its measurements. Fails as Columns::of; rows that cannot be read are skipped.
[[nodiscard]] Result<std::vector<Example>> read_examples(std::string_view csv, bool known_shapes = true);

// Sets weights and their bytes from a name: "bfloat16", "fp8", "mxfp4", "int4", ... Empty: as the
// shape's file or release stores them. Unknown: 16 bit. REQUIRES: work.shape is set.
void set_precision(Workload& work, std::string_view name);

// Names of the groups that tables are cut by.
[[nodiscard]] bool is_visual(Task task);
[[nodiscard]] std::string_view kind_name(Kind kind);
[[nodiscard]] std::string_view engine_name(Engine engine);

}  // namespace joulebook::serving
