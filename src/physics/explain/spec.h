#pragma once
// Deployments and figures as people write them:
//   MODEL,key=value,...       "Llama-3.1-70B,gpu=A100,gpus=8,batch=192,output=456,energy=512J"
//   FILE.csv:LINE             a row in the columns of data/ml_energy.csv; line 1 is the header
// Keys: gpu, gpus, dp, pp, ep, batch, prompt, output, weights, kv, cached, engine, clock, power-cap,
// boundary (gpu or node), overhead, pue, attention, experts, prune, model; of a figure also energy
// (J, kJ, MJ, Wh, kWh; "/token" behind it), tier and source. Pure; thread-safe.
#include <joulebook/result.h>

#include <string>
#include <string_view>
#include <vector>

#include "physics/explain/decompose.h"
#include "physics/serving/rows.h"

namespace joulebook::explain {

// Sets one key. `0.5x` multiplies what stands there, `70%` is a share. Errors: input "spec.key"
// (unknown, with the nearest), "spec.value", those of find_device, shape_named and shape_change.h.
[[nodiscard]] Status set_key(Deployment& deployment, std::string_view key, std::string_view value);
[[nodiscard]] const std::vector<std::string>& deployment_keys();

// A model's shape: a GGUF file, a config.json or a name. Errors: those of read_shape; "plan.encoder".
[[nodiscard]] Result<serving::Shape> shape_named(std::string_view name);

// What is there before any key: one H100, batch 1, 250 tokens in, 500 out, weights as released.
[[nodiscard]] Result<Deployment> deployment_of(std::string_view model);

// Errors: as set_key; "spec.energy" (no energy above zero).
[[nodiscard]] Result<Figure> parse_figure(std::string_view spec);

// "FILE.csv:513" -> {FILE.csv, 513}; nothing where it is not of that form.
struct CsvPlace {
  std::string file;
  std::size_t line = 0;
};
[[nodiscard]] std::optional<CsvPlace> csv_place(std::string_view spec);

// The figure of that line of a CSV text; `source` is its name. Errors: input "csv.line" (no such row),
// those of read_row.
[[nodiscard]] Result<Figure> figure_of_row(std::string_view csv, std::size_t line, std::string source);
// The same from a row that is taken apart already.
[[nodiscard]] Result<Figure> figure_of_cells(const serving::Columns& columns,
                                             const std::vector<std::string>& cells);

// "17800J", "17.8 kJ", "4.9Wh" in joules; "per token" where "/token" stands behind it.
struct StatedEnergy {
  double joules = 0;
  bool per_token = false;
};
[[nodiscard]] Result<StatedEnergy> parse_energy(std::string_view text);

}  // namespace joulebook::explain
