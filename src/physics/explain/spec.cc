#include "physics/explain/spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "core/csv_records.h"
#include "core/text.h"
#include "physics/explain/shape_change.h"
#include "physics/shape/shape_source.h"

namespace joulebook::explain {
namespace {

using serving::Engine;
using serving::Workload;

tl::unexpected<Error> bad_value(std::string_view key, std::string_view value, std::string cure) {
  return fail(ErrorKind::input, "spec.value", fmt::format("{}={} is not understood", key, value),
              std::move(cure));
}

// "64", "2x" (times what stands there), within [least, most].
Status set_number(double& field, std::string_view key, std::string_view value, double least, double most) {
  const bool times = value.ends_with('x') || value.ends_with('X');
  const auto number = parse_double(times ? value.substr(0, value.size() - 1) : value);
  const double result = number ? (times ? *number * field : *number) : 0;
  if (!number || !(result >= least && result <= most)) {
    return bad_value(key, value, fmt::format("give a number from {:g} to {:g}, or a multiple like 0.5x", least, most));
  }
  field = result;
  return {};
}

// "70%" or "0.7", within [least, 1].
Status set_share(double& field, std::string_view key, std::string_view value, double least) {
  const bool percent = value.ends_with('%');
  const auto number = parse_double(percent ? value.substr(0, value.size() - 1) : value);
  const double share = number ? (percent ? *number / 100 : *number) : -1;
  if (!number || !(share >= least && share <= 1)) {
    return bad_value(key, value, fmt::format("give a share from {:g}% to 100%", 100 * least));
  }
  field = share;
  return {};
}

Status set_tokens(Deployment& d, std::string_view value) {
  double tokens = d.tokens;
  if (auto ok = set_number(tokens, "output", value, 1, 1e8); !ok) return ok;
  d.tokens = tokens;
  d.work.output = tokens;
  return {};
}

Status set_gpu(Deployment& d, std::string_view value) {
  auto device = serving::find_device(value);
  if (!device) return fail(device.error());
  set_device(d, std::move(*device));
  return {};
}

bool is_16_bit(std::string_view name) {
  const std::string text = lower(name);
  return text == "16" || text.find("bf16") != std::string::npos || text.find("fp16") != std::string::npos ||
         text.find("float16") != std::string::npos || text == "f16";
}

Status set_weights(Deployment& d, std::string_view value) {
  Deployment next = d;
  next.weights = value;
  apply_precision(next);
  Deployment plain = d;
  plain.weights = "bfloat16";
  apply_precision(plain);
  const bool changed = next.work.weights != plain.work.weights ||
                       next.work.weight_bytes != plain.work.weight_bytes ||
                       next.work.expert_bytes != plain.work.expert_bytes;
  if (!changed && !is_16_bit(value)) {
    return bad_value("weights", value, "one of: bfloat16, float16, float32, fp8, int8, mxfp4, int4");
  }
  d = next;
  return {};
}

Status set_kv(Deployment& d, std::string_view value) {
  if (is_16_bit(value)) {
    d.kv_scale = 1;
  } else if (value == "fp8" || value == "int8") {
    d.kv_scale = 0.5;
  } else if (value == "int4" || value == "fp4") {
    d.kv_scale = 0.25;
  } else {
    return bad_value("kv", value, "one of: bfloat16, fp8, int4");
  }
  apply_precision(d);
  return {};
}

Status set_engine(Deployment& d, std::string_view value) {
  for (const auto& [name, engine] : {std::pair{"v1", Engine::v1}, {"pytorch", Engine::v1}, {"v2", Engine::v2},
                                     {"vllm-0.5", Engine::v2}, {"v3", Engine::v3}, {"vllm-0.11", Engine::v3}}) {
    if (value == name) return d.work.engine = engine, Status{};
  }
  return bad_value("engine", value, "one of: v1 (PyTorch), v2 (vLLM 0.5), v3 (vLLM 0.11)");
}

Status set_boundary(Deployment& d, std::string_view value) {
  d.boundary = value;
  if (value == "gpu") {
    d.overhead = d.overhead_lo = d.overhead_hi = 1;
    return {};
  }
  if (value == "node") {
    d.overhead = kNodeOverhead, d.overhead_lo = kNodeOverheadLo, d.overhead_hi = kNodeOverheadHi;
    return {};
  }
  return bad_value("boundary", value, "gpu, or node; overhead=2 and pue=1.2 say by how much");
}

Status set_overhead(Deployment& d, std::string_view value) {
  if (auto ok = set_number(d.overhead, "overhead", value, 1, 100); !ok) return ok;
  d.overhead_lo = d.overhead_hi = d.overhead;
  if (d.boundary == "gpu") d.boundary = "node";
  return {};
}

Status set_model(Deployment& d, std::string_view value) {
  auto shape = shape_named(value);
  if (!shape) return fail(shape.error());
  d.work.shape = *shape;
  d.sparse_weights = false;
  d.name = value;
  apply_precision(d);
  return {};
}

using Setter = std::function<Status(Deployment&, std::string_view)>;

Setter number(double Workload::*field, std::string key, double least, double most) {
  return [=](Deployment& d, std::string_view v) { return set_number(d.work.*field, key, v, least, most); };
}

struct Key {
  std::string name;
  Setter set;
};

const std::vector<Key>& keys() {
  static const std::vector<Key> all = {
      {"gpu", set_gpu},
      {"gpus", number(&Workload::devices, "gpus", 1, 4096)},
      {"dp", number(&Workload::data_parallel, "dp", 1, 4096)},
      {"pp", number(&Workload::pipeline, "pp", 1, 4096)},
      {"ep", number(&Workload::expert_parallel, "ep", 1, 4096)},
      {"batch", number(&Workload::batch, "batch", 1, 1e6)},
      {"prompt", number(&Workload::input, "prompt", 1, 1e8)},
      {"output", set_tokens},
      {"weights", set_weights},
      {"kv", set_kv},
      {"cached", [](Deployment& d, std::string_view v) { return set_share(d.work.cached, "cached", v, 0); }},
      {"engine", set_engine},
      {"clock", [](Deployment& d, std::string_view v) { return set_share(d.clock, "clock", v, kLeastClock); }},
      {"power-cap", [](Deployment& d, std::string_view v) { return set_share(d.power_cap, "power-cap", v, 0.1); }},
      {"boundary", set_boundary},
      {"overhead", set_overhead},
      {"pue", [](Deployment& d, std::string_view v) { return set_number(d.pue, "pue", v, 1, 5); }},
      {"attention", change_attention},
      {"experts", change_experts},
      {"prune", prune},
      {"model", set_model}};
  return all;
}

Status set_stated(Figure& f, std::string_view key, std::string_view value, bool& per_token) {
  if (key == "source") return f.source = value, Status{};
  if (key == "tier") {
    const auto tier = tier_from_string(value);
    if (!tier) return bad_value(key, value, "one of: measured, apportioned, modelled, published");
    f.tier = *tier;
    return {};
  }
  auto energy = parse_energy(value);
  if (!energy) return fail(energy.error());
  f.stated_j = energy->joules;
  per_token = energy->per_token;
  return {};
}

}  // namespace

const std::vector<std::string>& deployment_keys() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Key& k : keys()) all.push_back(k.name);
    return all;
  }();
  return names;
}

Status set_key(Deployment& d, std::string_view key, std::string_view value) {
  for (const Key& k : keys()) {
    if (k.name == key) return k.set(d, value);
  }
  const auto near = nearest(key, deployment_keys());
  return fail(ErrorKind::input, "spec.key", fmt::format("\"{}\" is nothing that a deployment has", key),
              fmt::format("{}one of: {}", near ? "did you mean " + *near + "? else " : "",
                          join(deployment_keys(), ", ")));
}

Result<serving::Shape> shape_named(std::string_view name) {
  const auto shape = physics::read_shape(std::string(name));
  if (!shape) return fail(shape.error());
  const auto counts = serving::serving_shape(*shape);
  if (counts.generates) return counts;
  return fail(ErrorKind::input, "plan.encoder", fmt::format("{} is an encoder: it gives a vector, no tokens", name),
              "name a model that writes");
}

Result<Deployment> deployment_of(std::string_view model) {
  auto shape = shape_named(model);
  if (!shape) return fail(shape.error());
  Deployment d;
  d.name = model;
  d.work.shape = *shape;
  auto device = serving::find_device("H100");
  if (!device) return fail(device.error());
  d.work.device = *device;
  d.work.input = 250;
  d.work.output = d.tokens;
  apply_precision(d);
  return d;
}

Result<StatedEnergy> parse_energy(std::string_view text) {
  StatedEnergy e;
  std::string_view number = trim(text);
  if (number.ends_with("/token")) {
    e.per_token = true;
    number = trim(number.substr(0, number.size() - std::string_view("/token").size()));
  }
  double unit = 1;
  for (const auto& [name, joules] : {std::pair{"kWh", 3.6e6}, {"mWh", 3.6}, {"Wh", 3600.0}, {"MJ", 1e6},
                                     {"kJ", 1e3}, {"mJ", 1e-3}, {"J", 1.0}}) {
    if (!number.ends_with(name)) continue;
    unit = joules;
    number = trim(number.substr(0, number.size() - std::string_view(name).size()));
    break;
  }
  const auto value = parse_double(number);
  if (!value || !(*value * unit > 0 && *value * unit < 1e15)) {
    return fail(ErrorKind::input, "spec.energy", fmt::format("\"{}\" is no energy above zero", text),
                "write 512J, 17.8kJ, 0.34Wh, or 1.13J/token");
  }
  e.joules = *value * unit;
  return e;
}

Result<Figure> parse_figure(std::string_view spec) {
  const auto parts = split(spec, ',');
  auto deployment = deployment_of(trim(parts[0]));
  if (!deployment) return fail(deployment.error());
  Figure f;
  f.deployment = *deployment;
  bool per_token = false;
  std::vector<std::string_view> given;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto part = trim(parts[i]);
    const auto equals = part.find('=');
    const auto key = trim(part.substr(0, equals));
    const auto value = equals == std::string_view::npos ? std::string_view{} : trim(part.substr(equals + 1));
    given.push_back(key);
    const bool stated = key == "energy" || key == "tier" || key == "source";
    if (auto ok = stated ? set_stated(f, key, value, per_token) : set_key(f.deployment, key, value); !ok) {
      return fail(ok.error());
    }
  }
  if (f.stated_j && per_token) *f.stated_j *= f.deployment.tokens;
  for (const std::string_view key : {"gpu", "gpus", "batch", "prompt", "output", "weights", "boundary"}) {
    if (std::ranges::find(given, key) == given.end()) f.assumed.emplace_back(key);
  }
  return f;
}

std::optional<CsvPlace> csv_place(std::string_view spec) {
  const auto colon = spec.rfind(':');
  if (colon == std::string_view::npos || !spec.substr(0, colon).ends_with(".csv")) return std::nullopt;
  const auto line = parse_uint(spec.substr(colon + 1));
  if (!line || *line == 0) return std::nullopt;
  return CsvPlace{std::string(spec.substr(0, colon)), static_cast<std::size_t>(*line)};
}

Result<Figure> figure_of_cells(const serving::Columns& columns, const std::vector<std::string>& cells) {
  auto row = serving::read_row(columns, cells);
  if (!row) return fail(row.error());
  Figure f;
  f.deployment.name = row->model;
  f.deployment.work = row->work;
  f.deployment.weights = columns.cell(cells, "weight_precision");
  f.deployment.tokens = row->work.output;
  apply_precision(f.deployment);
  f.tier = Tier::published;
  if (row->work.input == 0) f.assumed.emplace_back("prompt");
  if (row->estimated) f.assumed.emplace_back("batch");
  const auto joules = columns.number(cells, "j_per_output_token");
  if (joules && *joules > 0) f.stated_j = *joules * row->work.output;
  return f;
}

Result<Figure> figure_of_row(std::string_view csv, std::size_t line, std::string source) {
  std::string_view rest = without_byte_order_mark(csv);
  std::size_t next = 1;
  std::optional<serving::Columns> columns;
  while (!rest.empty()) {
    const CsvRecord record = next_csv_record(rest, next);
    if (!columns) {
      auto read = serving::Columns::of(parse_csv_line(record.text));
      if (!read) return fail(read.error());
      columns = *read;
      continue;
    }
    if (record.line != line || trim(record.text).empty()) continue;
    auto figure = figure_of_cells(*columns, parse_csv_line(record.text));
    if (figure) figure->source = fmt::format("{}:{}", source, line);
    return figure;
  }
  return fail(ErrorKind::input, "csv.line", fmt::format("{} has no row at line {}", source, line),
              "line 1 is the header; rows begin at line 2");
}

}  // namespace joulebook::explain
