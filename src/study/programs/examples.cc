#include "study/programs/examples.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "core/file_tree.h"
#include "core/json.h"
#include "core/text.h"

namespace joulebook {
namespace {

tl::unexpected<Error> bad(const std::string& origin, std::size_t line, std::string what) {
  return fail(ErrorKind::input, "examples.syntax",
              fmt::format("{}:{}: {}", origin, line, what),
              R"(write {"text": "...", "label": "..."} on each line)");
}

}  // namespace

Result<std::vector<LabelledText>> parse_examples(std::string_view jsonl,
                                                 const std::string& origin) {
  std::vector<LabelledText> out;
  std::size_t number = 0;
  for (const std::string_view whole : split(jsonl, '\n')) {
    ++number;
    const std::string_view line = trim(whole);
    if (line.empty()) continue;
    if (out.size() == kMostExamples) {
      return fail(ErrorKind::input, "examples.long",
                  fmt::format("{} has more than {} examples", origin, kMostExamples),
                  "train on fewer");
    }
    const auto json = parse_json(line);
    if (!json) return bad(origin, number, json.error().message);
    const Json& text = json->has("text") ? (*json)["text"] : (*json)["prompt"];
    const Json& label = json->has("label") ? (*json)["label"] : (*json)["check"]["expected"];
    if (text.as_string().empty()) return bad(origin, number, "an example without a text");
    if (label.as_string().empty()) return bad(origin, number, "an example without a label");
    out.push_back({std::string(text.as_string()), std::string(label.as_string())});
  }
  if (out.empty()) {
    return fail(ErrorKind::input, "examples.empty", origin + " holds no example",
                R"(write {"text": "...", "label": "..."} on each line)");
  }
  return out;
}

Result<std::vector<LabelledText>> load_examples(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return fail(text.error());
  return parse_examples(*text, path);
}

std::string examples_jsonl(const std::vector<LabelledText>& examples) {
  std::string out;
  for (const auto& [text, label] : examples) {
    out += Json::object({{"text", text}, {"label", label}}).dump() + "\n";
  }
  return out;
}

Status write_made_file(const std::string& path, std::string_view text) {
  std::error_code ignored;  // write_file says what is wrong
  const auto folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, ignored);
  return write_file(path, text);
}

Result<TrainingSet> training_set(const FeatureSpace& space,
                                 const std::vector<LabelledText>& examples) {
  TrainingSet out;
  out.space = &space;
  for (const auto& example : examples) {
    if (space.takes(example.text)) out.labels.push_back(example.label);
  }
  std::ranges::sort(out.labels);
  const auto [first, last] = std::ranges::unique(out.labels);
  out.labels.erase(first, last);
  if (out.labels.size() < 2) {
    return fail(ErrorKind::input, "examples.classes",
                fmt::format("the examples of '{}' have {} labels", space.name(), out.labels.size()),
                "give examples of at least two labels");
  }
  for (const auto& [text, label] : examples) {
    if (!space.takes(text)) continue;
    auto row = space.row(text);
    if (!row) return fail(std::move(row.error()));
    out.rows.push_back(std::move(*row));
    const auto place = std::ranges::lower_bound(out.labels, label);
    out.classes.push_back(static_cast<std::uint32_t>(place - out.labels.begin()));
  }
  return out;
}

}  // namespace joulebook
