#pragma once
// The data sets of the tasks digits and diagnosis: scikit-learn's copies, read, put into words and
// split into what is trained on and what is asked. Where they come from: docs/tasks-classical.md.
//
// Thread-safe.
#include <string>
#include <string_view>
#include <vector>

#include "study/programs/examples.h"

namespace joulebook {

// A row that may be asked: one item of a study.
struct AskedRow {
  std::string id;                   // "digits-1347": its row in the file, from 0
  std::string kind;                 // "digits", "breast mass", "wine"
  LabelledText example;
  std::vector<std::string> labels;  // all of its kind
};

struct TaskData {
  std::vector<LabelledText> train;
  std::vector<AskedRow> held_out;  // no row is in both
};

// `csv`: a line an image, 64 pixels and the digit. The file's first three quarters are trained on
// and its last quarter is held out, unshuffled: its images stand writer after writer, so hardly any
// writer is in both. Error: input "data.syntax".
[[nodiscard]] Result<TaskData> digits_data(std::string_view csv);

// A line a row, the class's number last, behind a first line that says how many. Of each class 70 %
// of the rows, drawn by a fixed seed, are trained on and the rest is held out (rows have no source
// that they share).
[[nodiscard]] Result<TaskData> diagnosis_data(std::string_view mass_csv,
                                              std::string_view wine_csv);

// Of each kind as many rows of each label as its rarest has, the first ones in their order: a constant
// answer gets the share of one label right.
[[nodiscard]] std::vector<AskedRow> balanced(const std::vector<AskedRow>& rows);

// As JSONL of a study's prompts, checked by label.
[[nodiscard]] std::string items_jsonl(const std::vector<AskedRow>& rows);

// Reads one of the data files: from $JOULEBOOK_TASK_DATA, beside an installed program, or where
// scripts/setup put it. Error: input "data.missing".
[[nodiscard]] Result<std::string> read_data_file(const std::string& name);

}  // namespace joulebook
