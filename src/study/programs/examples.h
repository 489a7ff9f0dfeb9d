#pragma once
// Labelled texts, and texts turned into numbers. One way from text to numbers serves training and
// use, so that a classifier sees at work what it saw in training.
//
// Plain values; thread-safe.
#include <joulebook/result.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace joulebook {

struct LabelledText {
  std::string text;
  std::string label;

  bool operator==(const LabelledText&) const = default;
};

// JSONL, one object a line: {"text": ..., "label": ...}, or an item of a study as docs/formats/
// prompts.md has it (its prompt, and its label as check.expected). Blank lines are skipped.
// Errors, kind input, placed as origin:line: "examples.syntax", "examples.empty", "examples.long"
// (more than kMostExamples lines).
[[nodiscard]] Result<std::vector<LabelledText>> parse_examples(std::string_view jsonl,
                                                               const std::string& origin);
[[nodiscard]] Result<std::vector<LabelledText>> load_examples(const std::string& path);
// Each as {"text": ..., "label": ...}.
[[nodiscard]] std::string examples_jsonl(const std::vector<LabelledText>& examples);

inline constexpr std::size_t kMostExamples = 200'000;

// What a verb makes: its folder is made, too. Errors: as write_file.
[[nodiscard]] Status write_made_file(const std::string& path, std::string_view text);

// Places and values of what is not zero, places ascending.
using SparseRow = std::vector<std::pair<std::uint32_t, float>>;

// A way to turn texts into rows of `width` numbers.
class FeatureSpace {
 public:
  virtual ~FeatureSpace() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual std::size_t width() const = 0;
  // Whether the text is one of its kind at all, judged by its beginning.
  [[nodiscard]] virtual bool takes(std::string_view text) const = 0;
  // Error: input "item.form", saying what is expected.
  [[nodiscard]] virtual Result<SparseRow> row(std::string_view text) const = 0;
  // Whether its numbers have units of their own and want bringing to mean 0 and deviation 1.
  [[nodiscard]] virtual bool wants_scaling() const = 0;
};

// Those there are: "digits" (64 pixels), "breast mass" (30 figures), "wine" (13), "words-14" and
// "words-12" (words and pairs of neighbours, hashed to 2^14 and 2^12 places). Null for another
// name.
[[nodiscard]] const FeatureSpace* feature_space(std::string_view name);

// The ones of a task: digits; breast mass and wine of diagnosis; words of sentences for all others.
// `dense`: for a classifier that computes with every place of a row.
[[nodiscard]] std::vector<const FeatureSpace*> spaces_of_task(std::string_view task,
                                                              bool dense = false);

// Rows of one space with their classes: what is learnt from.
struct TrainingSet {
  const FeatureSpace* space = nullptr;
  std::vector<std::string> labels;   // the classes' names, sorted
  std::vector<SparseRow> rows;
  std::vector<std::uint32_t> classes;  // of each row: an index into labels
};

// The examples that the space takes. Errors: as row(); input "examples.classes" where these have
// fewer than two labels.
[[nodiscard]] Result<TrainingSet> training_set(const FeatureSpace& space,
                                               const std::vector<LabelledText>& examples);

}  // namespace joulebook
