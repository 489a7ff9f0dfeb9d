#include "study/programs/task_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <numeric>
#include <span>

#include "core/file_tree.h"
#include "core/json.h"
#include "core/json_strings.h"
#include "core/text.h"
#include "study/programs/table_words.h"
#include "study/rng.h"

namespace joulebook {
namespace {

constexpr std::size_t kPixels = 64;
constexpr std::size_t kSide = 8;
constexpr std::uint64_t kSplitSeed = 20261127;

struct CsvRow {
  std::size_t number = 0;  // from 0, without the head
  std::vector<std::string> cells;
  std::size_t class_number = 0;
};

// Cells are kept as written; all must be numbers, the last a class.
Result<std::vector<CsvRow>> read_rows(std::string_view csv, std::string_view what, bool head,
                                      std::size_t columns, std::size_t classes) {
  std::vector<CsvRow> out;
  for (const std::string_view line : split(csv, '\n')) {
    if (trim(line).empty()) continue;
    if (std::exchange(head, false)) continue;
    CsvRow row{out.size(), parse_csv_line(trim(line)), 0};
    const auto number = row.cells.empty() ? std::nullopt : parse_uint(row.cells.back());
    const bool numbers = std::ranges::all_of(
        row.cells, [](const std::string& cell) { return parse_double(cell).has_value(); });
    if (row.cells.size() != columns + 1 || !number || *number >= classes || !numbers) {
      return fail(ErrorKind::input, "data.syntax",
                  fmt::format("row {} of the {} data is not {} numbers and a class", out.size(),
                              what, columns),
                  "fetch the data anew: scripts/setup tasks");
    }
    row.class_number = *number;
    row.cells.pop_back();
    out.push_back(std::move(row));
  }
  return out;
}

std::string image_in_words(std::span<const std::string> pixels) {
  std::string out = "Handwritten digit, 8 x 8 pixels, ink from 0 to 16:";
  for (std::size_t i = 0; i < kPixels; ++i) {
    if (i > 0 && i % kSide == 0) out += " /";
    out += " " + pixels[i];
  }
  return out + " Question: Which digit is it? Answer with one digit.";
}

// A stratified draw of one table's rows.
Status add_table(std::string_view csv, const TableWords& words, TaskData& data) {
  const std::size_t classes = words.classes.size();
  const auto rows = read_rows(csv, words.kind, true, words.columns.size(), classes);
  if (!rows) return fail(rows.error());
  const std::vector<std::string> labels(words.classes.begin(), words.classes.end());
  const std::string question =
      fmt::format(" Question: Is it {}? Answer with one word.", fmt::join(labels, " or "));
  std::vector<std::size_t> order(rows->size());
  std::iota(order.begin(), order.end(), 0);
  Rng(kSplitSeed).shuffle(std::span(order));
  for (std::size_t c = 0; c < classes; ++c) {
    std::vector<std::size_t> mine;
    std::ranges::copy_if(order, std::back_inserter(mine),
                         [&](std::size_t i) { return (*rows)[i].class_number == c; });
    const std::size_t trained = mine.size() * 7 / 10;
    for (std::size_t i = 0; i < mine.size(); ++i) {
      const CsvRow& row = (*rows)[mine[i]];
      LabelledText example{in_words(words, row.cells) + question, labels[c]};
      if (i < trained) {
        data.train.push_back(std::move(example));
        continue;
      }
      const std::string kind(words.kind);
      data.held_out.push_back(
          {fmt::format("{}-{}", kind, row.number), kind, std::move(example), labels});
    }
  }
  return {};
}

// Where data may lie, the first that is there counts.
std::vector<std::filesystem::path> data_folders() {
  std::vector<std::filesystem::path> out;
  if (const char* own = std::getenv("JOULEBOOK_TASK_DATA"); own != nullptr) return {own};
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    const auto prefix = self.parent_path().parent_path().parent_path();  // of libexec/joulebook
    out.push_back(prefix / "share" / "joulebook" / "task-data");
  }
  out.emplace_back(JOULEBOOK_TASK_DATA);
  return out;
}

}  // namespace

Result<TaskData> digits_data(std::string_view csv) {
  const auto rows = read_rows(csv, "digits", false, kPixels, 10);
  if (!rows) return fail(rows.error());
  std::vector<std::string> labels;
  for (int digit = 0; digit < 10; ++digit) labels.push_back(std::to_string(digit));
  TaskData out;
  const std::size_t trained = rows->size() * 3 / 4;
  for (const CsvRow& row : *rows) {
    LabelledText example{image_in_words(row.cells), labels[row.class_number]};
    if (row.number < trained) {
      out.train.push_back(std::move(example));
    } else {
      out.held_out.push_back(
          {fmt::format("digits-{}", row.number), "digits", std::move(example), labels});
    }
  }
  return out;
}

Result<TaskData> diagnosis_data(std::string_view mass_csv, std::string_view wine_csv) {
  TaskData out;
  if (auto ok = add_table(mass_csv, breast_mass_words(), out); !ok) return fail(ok.error());
  if (auto ok = add_table(wine_csv, wine_words(), out); !ok) return fail(ok.error());
  return out;
}

std::vector<AskedRow> balanced(const std::vector<AskedRow>& rows) {
  std::map<std::pair<std::string, std::string>, std::size_t> there;
  for (const AskedRow& row : rows) ++there[{row.kind, row.example.label}];
  std::map<std::string, std::size_t> least;
  for (const auto& [label, count] : there) {
    const auto at = least.emplace(label.first, count).first;
    at->second = std::min(at->second, count);
  }
  std::map<std::pair<std::string, std::string>, std::size_t> taken;
  std::vector<AskedRow> out;
  for (const AskedRow& row : rows) {
    if (taken[{row.kind, row.example.label}]++ < least[row.kind]) out.push_back(row);
  }
  return out;
}

std::string items_jsonl(const std::vector<AskedRow>& rows) {
  std::string out;
  for (const AskedRow& row : rows) {
    const Json check = Json::object(
        {{"kind", "label"}, {"expected", row.example.label}, {"labels", strings(row.labels)}});
    out += Json::object({{"id", row.id},
                         {"kind", row.kind},
                         {"prompt", row.example.text},
                         {"check", check}})
               .dump() +
           "\n";
  }
  return out;
}

Result<std::string> read_data_file(const std::string& name) {
  for (const auto& folder : data_folders()) {
    auto text = read_file((folder / name).string());
    if (text) return text;
  }
  return fail(ErrorKind::input, "data.missing",
              fmt::format("{} is not there, the data of scikit-learn", name),
              "run scripts/setup tasks, or say where it is: JOULEBOOK_TASK_DATA=FOLDER");
}

}  // namespace joulebook
