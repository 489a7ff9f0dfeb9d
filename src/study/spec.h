#pragma once
// What a study is to do: from a TOML file, from flags, or the built-in default. A default that
// matters is in the specification itself, so that it is printed with the result.
// Format: docs/formats/study.md.
#include <string>
#include <vector>

#include "study/records.h"

namespace joulebook {

// Where the forty prompts come from, in StudySpec::prompts_source.
inline constexpr std::string_view kBuiltIn = "built in";

// The settings of an arm that are not said. Of each mode: its system prompt and token limit; both
// sample at temperature 0.8, because small models asked greedily repeat themselves to the limit.
[[nodiscard]] ArmSpec default_arm(const std::string& model, Mode mode);

// The main job: the forty prompts, `model` answering at once against `model` step by step.
[[nodiscard]] StudySpec forty_study(const std::string& model);

// What the command line may say beside a file; empty members leave what is there.
struct StudyFlags {
  std::vector<std::string> models;
  std::vector<Mode> modes;  // every model runs in each
  std::string prompts;      // a JSONL file
  std::vector<std::string> fixed;  // "pp512", "tg128": every model runs each, instead of prompts
  std::string require;      // "correct>=0.8"
  std::optional<std::uint64_t> seed;
  std::optional<int> min_rounds;
  std::optional<int> max_rounds;
  std::optional<double> target;
  std::optional<double> max_seconds;
  std::optional<double> baseline_seconds;
  std::optional<std::int64_t> max_tokens;
  std::optional<double> temperature;
  std::optional<int> threads;
  std::optional<int> gpu_layers;
  bool keep_cache = false;
  bool keep_text = false;
};

// Arms are replaced where models or modes are named (models without modes run in both; modes
// without models run the first arm's model); everything else overlays. Errors: as load_prompts.
[[nodiscard]] Result<StudySpec> with_flags(StudySpec spec, const StudyFlags& flags);

// Reads a study file. Paths in it are relative to its folder; `default_model` stands in for an arm
// without a model. Errors: input "toml.syntax", "toml.unknown_key", "toml.value" (all with the
// line), as load_prompts, as validate.
[[nodiscard]] Result<StudySpec> load_study(const std::string& path,
                                           const std::string& default_model);
[[nodiscard]] Result<StudySpec> parse_study(std::string_view toml, const std::string& origin,
                                            const std::string& default_model);

// Arms of a given length take no prompt: a study of them alone is given one item that stands for it.
void set_fixed_item(StudySpec& spec);

// Errors, kind input: "study.no_arms", "study.no_prompts", "study.duplicate_arm",
// "study.bad_value" (names it), "study.secret" (a password inside an address), "study.no_text" (an
// item that a model can't be asked), "study.require" (no prompt that its measure grades), "require.*"
// (sizing/requirement.h), "study.fixed" (no length, a mix with arms that take prompts, an arm that
// is no model file), "study.answers", "study.effort", "study.think_budget" (where it can't be),
// "command.*" (command_words.h: a command or an item of it).
[[nodiscard]] Status validate(const StudySpec& spec);

// "direct" or "reason".
[[nodiscard]] std::optional<Mode> mode_from_string(std::string_view word);

}  // namespace joulebook
