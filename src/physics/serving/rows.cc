#include "physics/serving/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/text.h"

namespace joulebook::serving {
namespace {

constexpr std::string_view kRequired[] = {
    "source", "task", "model", "total_params_b", "active_params_b", "arch", "weight_precision",
    "gpu", "num_gpus", "tp", "pp", "dp", "ep", "max_num_seqs"};

struct TaskRow {
  std::string_view name;
  Task task;
  double output;  // mean answer in the data, where a row gives none
};
constexpr TaskRow kTasks[] = {
    {"lm-arena-chat", Task::lm_arena, 600}, {"gpqa", Task::gpqa, 6000},
    {"sourcegraph-fim", Task::fim, 250},    {"image-chat", Task::image_chat, 800},
    {"video-chat", Task::video_chat, 400},  {"sharegpt-chat", Task::sharegpt, 430},
    {"humaneval-plus-code", Task::humaneval, 90}, {"llava-visual-chat", Task::llava, 170},
    {"chat", Task::v1_chat, 220},           {"chat-concise", Task::v1_chat, 200},
    {"instruct", Task::v1_chat, 220},       {"instruct-concise", Task::v1_chat, 180}};

tl::unexpected<Error> bad_number(std::string_view column, std::string_view cell) {
  return fail(ErrorKind::input, "row.number",
              fmt::format("{} is \"{}\", not a number from 0.001 to 10,000,000", column, cell),
              "give a number in that range");
}

Result<double> positive(const Columns& columns, const std::vector<std::string>& cells,
                        std::string_view name, std::optional<double> fallback = {}) {
  const auto cell = columns.cell(cells, name);
  if (cell.empty() && fallback) return *fallback;
  const auto value = columns.number(cells, name);
  constexpr double kLeast = 1e-3, kMost = 1e7;
  if (!value || !(*value >= kLeast && *value <= kMost)) return bad_number(name, cell);
  return *value;
}

// The parallel layout. Numbers that are not there are 1.
Status set_layout(Workload& w, const Columns& columns, const std::vector<std::string>& cells) {
  struct Field {
    std::string_view name;
    double Workload::*field;
  };
  for (const auto& [name, field] : {Field{"num_gpus", &Workload::devices},
                                    Field{"dp", &Workload::data_parallel},
                                    Field{"pp", &Workload::pipeline},
                                    Field{"ep", &Workload::expert_parallel}}) {
    auto value = positive(columns, cells, name, name == "num_gpus" ? std::nullopt : std::optional(1.0));
    if (!value) return fail(value.error());
    w.*field = std::max(1.0, *value);
  }
  return {};
}

Result<Shape> shape_of(const Columns& columns, const std::vector<std::string>& cells, bool known) {
  if (known) {
    if (auto shape = find_shape(columns.cell(cells, "model"))) return *shape;
  }
  auto total = positive(columns, cells, "total_params_b");
  if (!total) return fail(total.error());
  auto active = positive(columns, cells, "active_params_b", *total);
  if (!active) return fail(active.error());
  return synthesise_shape(*total, *active, columns.cell(cells, "arch"));
}

Status set_traffic(Row& row, const Columns& columns, const std::vector<std::string>& cells,
                   double usual_output) {
  Workload& w = row.work;
  auto output = positive(columns, cells, "avg_output_tokens", usual_output);
  if (!output) return fail(output.error());
  auto input = positive(columns, cells, "avg_input_tokens", 0.0);
  if (!input) return fail(input.error());
  w.output = std::max(1.0, *output);
  w.input = *input;
  auto most = positive(columns, cells, "max_num_seqs");
  if (!most) return fail(most.error());
  auto batch = positive(columns, cells, "avg_batch", 0.0);
  if (!batch) return fail(batch.error());
  row.estimated = *batch == 0;
  constexpr double kPrompt = 250;
  w.batch = *batch > 0 ? *batch : fitting_batch(w, (w.input > 0 ? w.input : kPrompt) + w.output / 2, *most);
  return {};
}

// v1 says "A100" alone; its times are those of the 40 GB card that v2 names.
std::string_view card_of(std::string_view source, std::string_view gpu) {
  return source == "v1" && gpu == "A100" ? "A100-SXM4-40GB" : gpu;
}

std::string fold_of(const Shape& s) {
  return fmt::format("{}/{}/{:.0f}/{:.0f}/{}", s.layers, s.hidden, s.attention_params, s.ffn_params,
                     s.experts);
}

}  // namespace

namespace {

// The kind of product that so many bytes a weight are multiplied by.
Weights weights_of(double bytes) {
  constexpr double kBlocksUpTo = 1.1;  // Q8_0: 8.5 bits
  if (bytes == 1) return Weights::fp8;
  return bytes < kBlocksUpTo ? Weights::fp4 : Weights::bits16;
}

void store_natively(Workload& w) {
  const StoredBytes& b = w.shape.stored;
  w.weight_bytes = b.dense;
  w.expert_bytes = b.expert;
  w.head_bytes = b.head;
  w.embedding_bytes = b.embedding;
  constexpr double kWide = 2;
  w.kv_scale = b.kv / kWide;
  w.weights = weights_of(w.shape.experts > 0 ? b.expert : b.dense);
}

}  // namespace

void set_precision(Workload& w, std::string_view text) {
  const std::string name = lower(text);
  if (name.empty()) return store_natively(w);
  w.weights = Weights::bits16;
  w.weight_bytes = w.expert_bytes = w.head_bytes = w.embedding_bytes = 2;
  w.kv_scale = 1;
  if (name.starts_with("fp8") || name.starts_with("int8") || name.starts_with("w8")) {
    w.weights = Weights::fp8;
    w.weight_bytes = w.expert_bytes = 1;
  } else if (name.find("fp4") != std::string::npos || name.find("int4") != std::string::npos ||
             name.starts_with("w4") || name == "awq" || name == "gptq") {
    // Four bits and a shared exponent of eight for 32: 4.25 bits. Released MXFP4 models keep
    // everything but the experts in 16 bit.
    w.weights = Weights::fp4;
    w.expert_bytes = 4.25 / 8;
    w.weight_bytes = w.shape.experts > 0 ? 2 : 4.25 / 8;
  } else if (name.starts_with("float32") || name == "fp32") {
    w.weight_bytes = w.expert_bytes = w.head_bytes = w.embedding_bytes = 4;
  }
}

Result<Columns> Columns::of(const std::vector<std::string>& header) {
  Columns c;
  for (const auto& name : header) c.names_.emplace_back(trim(name));
  for (const auto name : kRequired) {
    if (std::ranges::find(c.names_, name) == c.names_.end()) {
      return fail(ErrorKind::input, "csv.column", fmt::format("the column \"{}\" is missing", name),
                  "give the columns of data/ml_energy.csv from source to max_num_seqs");
    }
  }
  return c;
}

std::string_view Columns::cell(const std::vector<std::string>& cells, std::string_view name) const {
  const auto at = static_cast<std::size_t>(std::ranges::find(names_, name) - names_.begin());
  return at < cells.size() ? trim(cells[at]) : std::string_view{};
}

std::optional<double> Columns::number(const std::vector<std::string>& cells,
                                      std::string_view name) const {
  const auto value = parse_double(cell(cells, name));
  if (!value || !std::isfinite(*value)) return std::nullopt;
  return value;
}

Result<Row> read_row(const Columns& columns, const std::vector<std::string>& cells, bool known_shapes) {
  Row row;
  row.source = columns.cell(cells, "source");
  row.task = columns.cell(cells, "task");
  row.model = columns.cell(cells, "model");
  row.median = columns.cell(cells, "tpot_stat") == "median_itl" ||
               (columns.cell(cells, "tpot_stat").empty() && row.source == "v3");
  Workload& w = row.work;
  auto device = find_device(card_of(row.source, columns.cell(cells, "gpu")));
  if (!device) return fail(device.error());
  w.device = *device;
  auto shape = shape_of(columns, cells, known_shapes);
  if (!shape) return fail(shape.error());
  w.shape = *shape;
  w.engine = row.source == "v1" ? Engine::v1 : row.source == "v2" ? Engine::v2 : Engine::v3;
  double usual_output = 500;
  for (const auto& t : kTasks) {
    if (t.name == row.task) w.task = t.task, usual_output = t.output;
  }
  set_precision(w, columns.cell(cells, "weight_precision"));
  if (auto ok = set_layout(w, columns, cells); !ok) return fail(ok.error());
  if (auto ok = set_traffic(row, columns, cells, usual_output); !ok) return fail(ok.error());
  return row;
}

Result<std::vector<Example>> read_examples(std::string_view csv, bool known_shapes) {
  const auto lines = split(csv, '\n');
  auto columns = Columns::of(parse_csv_line(trim(lines[0])));
  if (!columns) return fail(columns.error());
  std::vector<Example> examples;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto line = trim(lines[i]);
    if (line.empty()) continue;
    const auto cells = parse_csv_line(line);
    auto row = read_row(*columns, cells, known_shapes);
    const auto joules = columns->number(cells, "j_per_output_token");
    const auto tpot = columns->number(cells, "tpot_ms");
    const auto rate = columns->number(cells, "output_tok_per_s");
    if (!row || !joules || !tpot || !rate || *joules <= 0 || *tpot <= 0 || *rate <= 0) continue;
    auto shape = shape_of(*columns, cells, true);
    const bool v1 = row->work.engine == Engine::v1;  // its rate leaves out the prompt's share
    const double step = v1 ? *tpot / 1e3 : row->work.batch / *rate;
    examples.push_back({*row, *joules, *tpot / 1e3, step, shape ? fold_of(*shape) : row->model});
  }
  return examples;
}

bool is_visual(Task task) {
  return task == Task::image_chat || task == Task::video_chat || task == Task::llava;
}

std::string_view kind_name(Kind kind) {
  constexpr std::string_view kNames[] = {"H100", "B200", "A100", "A40", "V100"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view engine_name(Engine engine) {
  constexpr std::string_view kNames[] = {"v1", "v2", "v3"};
  return kNames[static_cast<std::size_t>(engine)];
}

}  // namespace joulebook::serving
