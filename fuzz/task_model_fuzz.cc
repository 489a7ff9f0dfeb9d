// Any bytes as the file of a trained classifier, and as examples to train on. An error names its
// code and its cure; a model that is accepted reads back from what it writes, and can be asked
// about any text: its answer is one of its labels, or a text of another form is refused.
// Fault planted on 2026-11-27: a space of an unknown name used all the same, found within a second
// (2,755 inputs).
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "study/programs/linear.h"
#include "study/programs/table_words.h"
#include "study/programs/task_model.h"

namespace {

using namespace joulebook;

void judge(const Error& error) {
  if (error.code.empty() || error.cure.empty()) std::abort();
}

// Whole items of each space, and texts of none.
const std::vector<std::string>& questions() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> out = {"Wine: alcohol 1", "a good day", "Digit: 1 2 3", ""};
    for (const TableWords* words : {&wine_words(), &breast_mass_words()}) {
      out.push_back(in_words(*words, std::vector<std::string>(words->columns.size(), "1.5")));
    }
    out.emplace_back("Digit:");
    for (int i = 0; i < 64; ++i) out.back() += " 16";
    return out;
  }();
  return all;
}

void ask(const TaskModel& model, std::string_view text) {
  const auto label =
      label_of(model, text, [](const ModelPart& part, std::size_t, const SparseRow& row) {
        return Result<std::uint32_t>(
            part.weights.empty() ? 0U : best_class(part.weights, part.labels.size(), row));
      });
  if (!label) return judge(label.error());
  for (const auto& part : model.parts) {
    for (const auto& known : part.labels) {
      if (known == *label) return;
    }
  }
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto examples = parse_examples(text, "fuzz.jsonl");
  if (!examples) judge(examples.error());
  if (examples) {
    const auto again = parse_examples(examples_jsonl(*examples), "fuzz.jsonl");
    if (!again || again->size() != examples->size()) std::abort();
    const auto set = training_set(*feature_space("words-14"), *examples);
    if (!set) judge(set.error());
  }
  // As it is, and as it would be were its digest right: the fuzzer can't guess that.
  for (const Seal seal : {Seal::checked, Seal::ignored}) {
    const auto model = parse_model(text, "fuzz.json", "", "", seal);
    if (!model) {
      judge(model.error());
      continue;
    }
    const auto back = parse_model(model_text(*model), "fuzz.json", model->task, model->kind);
    if (!back || back->parts.size() != model->parts.size()) std::abort();
    for (const std::string& asked : questions()) ask(*model, asked);
  }
  return 0;
}
