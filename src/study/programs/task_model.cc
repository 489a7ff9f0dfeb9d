#include "study/programs/task_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/file_tree.h"
#include "core/fnv1a.h"
#include "core/json.h"
#include "core/json_strings.h"

namespace joulebook {
namespace {

constexpr std::string_view kFormat = "joulebook_task_model";
constexpr std::size_t kMostClasses = 1000;

std::string digest(std::string_view text) { return fmt::format("{:016x}", fnv1a(text)); }

Json numbers(std::span<const float> values) {
  Json::Array out;
  for (const float value : values) out.emplace_back(static_cast<double>(value));
  return out;
}

// Finite numbers, exactly so many; false where they are not.
bool read_numbers(const Json& json, std::size_t count, std::vector<float>& out) {
  if (json.items().size() != count) return false;
  out.reserve(count);
  for (const Json& item : json.items()) {
    const auto value = static_cast<float>(item.as_double(NAN));
    if (!std::isfinite(value)) return false;
    out.push_back(value);
  }
  return true;
}

bool read_scaling(const Json& json, std::size_t width, Scaling& out) {
  if (json.is_null()) return true;
  return read_numbers(json["mean"], width, out.mean) &&
         read_numbers(json["deviation"], width, out.deviation) &&
         std::ranges::all_of(out.deviation, [](float d) { return d > 0; });
}

bool read_labels(const Json& json, std::vector<std::string>& out) {
  out = strings(json);
  if (out.size() < 2 || out.size() > kMostClasses) return false;
  std::vector<std::string> sorted = out;
  std::ranges::sort(sorted);
  return !sorted.front().empty() && std::ranges::adjacent_find(sorted) == sorted.end();
}

// Kinds that are weights; the others are a library's text.
bool is_weighted(std::string_view kind) { return kind == "linear" || kind == "bayes"; }

// What is wrong with it; empty where nothing is.
std::string read_part(const Json& json, bool weighted, ModelPart& part) {
  part.space = feature_space(json["space"].as_string());
  if (part.space == nullptr) return "a part's space is not known";
  if (!read_labels(json["labels"], part.labels)) return "a part's labels are not two or more names";
  if (!read_scaling(json["scaling"], part.space->width(), part.scaling)) {
    return "a part's scaling does not fit its space";
  }
  if (!weighted) {
    part.foreign = json["foreign"].as_string();
    return part.foreign.empty() ? "a part is empty" : "";
  }
  const std::size_t count = part.labels.size() * (part.space->width() + 1);
  return read_numbers(json["weights"], count, part.weights)
             ? ""
             : fmt::format("a part's weights are not {} numbers", count);
}

tl::unexpected<Error> refuse(std::string code, const std::string& origin, std::string_view what) {
  return fail(ErrorKind::input, std::move(code), fmt::format("{}: {}", origin, what),
              "train it anew (the task's train verbs; joulebook study tasks does so by itself once "
              "the file is deleted)");
}

}  // namespace

Scaling Scaling::of(const TrainingSet& set) {
  const std::size_t width = set.space->width();
  std::vector<double> sum(width);
  std::vector<double> squares(width);
  for (const SparseRow& row : set.rows) {
    for (const auto& [at, value] : row) sum[at] += value;
  }
  const auto n = static_cast<double>(std::max<std::size_t>(set.rows.size(), 1));
  for (const SparseRow& row : set.rows) {
    for (const auto& [at, value] : row) squares[at] += std::pow(value - sum[at] / n, 2);
  }
  Scaling out;
  for (std::size_t i = 0; i < width; ++i) {
    const double deviation = std::sqrt(squares[i] / n);
    out.mean.push_back(static_cast<float>(sum[i] / n));
    out.deviation.push_back(deviation > 0 ? static_cast<float>(deviation) : 1.0F);
  }
  return out;
}

SparseRow Scaling::apply(SparseRow row) const {
  if (mean.empty()) return row;
  for (auto& [at, value] : row) value = (value - mean[at]) / deviation[at];
  return row;
}

std::string model_text(const TaskModel& model) {
  Json::Array parts;
  for (const ModelPart& part : model.parts) {
    Json json = Json::object({{"space", part.space->name()}, {"labels", strings(part.labels)}});
    if (!part.scaling.mean.empty()) {
      json.set("scaling", Json::object({{"mean", numbers(part.scaling.mean)},
                                        {"deviation", numbers(part.scaling.deviation)}}));
    }
    if (part.foreign.empty()) {
      json.set("weights", numbers(part.weights));
    } else {
      json.set("foreign", part.foreign);
    }
    parts.push_back(std::move(json));
  }
  const Json body(std::move(parts));
  return Json::object({{std::string(kFormat), kTaskModelVersion},
                       {"task", model.task},
                       {"kind", model.kind},
                       {"digest", digest(body.dump())},
                       {"parts", body}})
             .dump() +
         "\n";
}

Result<TaskModel> parse_model(std::string_view text, const std::string& origin,
                              std::string_view task, std::string_view kind, Seal seal) {
  const auto json = parse_json(text);
  if (!json) return refuse("model.syntax", origin, "it is no JSON: " + json.error().message);
  const std::int64_t version = (*json)[kFormat].as_int(-1);
  if (version < 0) return refuse("model.syntax", origin, "it is no model of a task");
  if (version != kTaskModelVersion) {
    return refuse("model.version", origin,
                  fmt::format("it is of version {}, not {}", version, kTaskModelVersion));
  }
  TaskModel out{std::string((*json)["task"].as_string()), std::string((*json)["kind"].as_string()),
                {}};
  if ((!task.empty() && out.task != task) || (!kind.empty() && out.kind != kind)) {
    return refuse("model.other", origin,
                  fmt::format("it is a {} of the task {}, not a {} of {}", out.kind, out.task,
                              kind.empty() ? "model" : kind, task));
  }
  const bool weighted = is_weighted(out.kind);
  if (!weighted && out.kind != "forest" && out.kind != "network") {
    return refuse("model.syntax", origin, fmt::format("'{}' is no kind of model", out.kind));
  }
  const Json& parts = (*json)["parts"];
  if (seal == Seal::checked && digest(parts.dump()) != (*json)["digest"].as_string()) {
    return refuse("model.damaged", origin, "it was changed since it was written");
  }
  for (const Json& part : parts.items()) {
    const std::string wrong = read_part(part, weighted, out.parts.emplace_back());
    if (!wrong.empty()) return refuse("model.syntax", origin, wrong);
  }
  if (out.parts.empty()) return refuse("model.syntax", origin, "it has no parts");
  return out;
}

Result<TaskModel> load_model(const std::string& path, std::string_view task,
                             std::string_view kind) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (!error && size > kMostModelBytes) {
    return refuse("model.long", path, fmt::format("it has more than {} bytes", kMostModelBytes));
  }
  const auto text = read_file(path);
  if (!text) return fail(text.error());
  return parse_model(*text, path, task, kind);
}

Status save_model(const TaskModel& model, const std::string& path) {
  return write_made_file(path, model_text(model));
}

Result<std::string> label_of(const TaskModel& model, std::string_view text,
                             const ClassOf& class_of) {
  for (std::size_t i = 0; i < model.parts.size(); ++i) {
    const ModelPart& part = model.parts[i];
    if (!part.space->takes(text)) continue;
    auto row = part.space->row(text);
    if (!row) return fail(std::move(row.error()));
    const auto found = class_of(part, i, part.scaling.apply(std::move(*row)));
    if (!found) return fail(found.error());
    return part.labels[*found];
  }
  return fail(ErrorKind::input, "item.form",
              fmt::format("the item is none of the task {}", model.task),
              fmt::format("see what its training data look like (the first: {})",
                          model.parts.front().space->name()));
}

}  // namespace joulebook
