#pragma once
// Which arm is enough: the cheapest by joules a response that meets a requirement, over all prompts
// and kind by kind, with the confidence that it does on prompts like these. docs/right-sizing.md.
//
// An arm *meets* the requirement where its value does. Because that is a coin's toss for an arm at
// the very limit, the cheapest that meets it with at least kSure confidence is named as well.
// Arms are compared over the prompts complete in each of them. Two arms can't be told apart in
// joules where the interval of their ratio, for these very prompts and widened as claim() does,
// holds 1; where no prompt was repeated, where that for prompts like these does.
//
// Pure functions; thread-safe.
#include "study/sizing/field.h"

namespace joulebook {

inline constexpr double kSure = 0.95;

struct SizingOptions {
  Requirement requirement;
  double sure = 0;  // 0..1: an arm meets it only with at least this confidence
  std::vector<std::string> cost_only;  // names of arms whose answers mean nothing
  // Each arm is judged on the prompts that it answered itself; ratios are over those of both (Field).
  bool own_prompts = false;
};

// One arm on some prompts.
struct ArmFit {
  std::size_t arm = 0;  // index into the study's arms
  Quality quality;
  bool meets = false;
  Estimate joules;  // J per response
  Quantity ratio;   // of its joules over those of the arm that is named, else of the best; unit "1"
  bool told_apart = false;  // from that arm, in joules, beyond doubt
};

// All prompts, or those of one kind.
struct Fit {
  std::string kind;  // empty: all
  std::size_t prompts = 0;              // own_prompts: of any arm
  std::vector<ArmFit> arms;             // cheapest first
  std::optional<std::size_t> cheapest;  // index into `arms`: the one named
  std::optional<std::size_t> sure;      // the cheapest that meets it with kSure confidence
  std::optional<std::size_t> best;      // by the measure, the cheaper of equals
  std::string sentence;
};

struct Sizing {
  SizingOptions options;
  Fit all;
  std::vector<Fit> kinds;  // empty where all prompts are of one kind
  std::vector<std::string> notes;
};

// Errors, kind input: "sizing.no_arm" (no arm has answers with joules), "sizing.ungraded" (no
// prompt is checked by the measure's rule; the measures that are named).
[[nodiscard]] Result<Sizing> size_arms(const StudyResult& study, const SizingOptions& options);

// The same of a field that can be sized.
[[nodiscard]] Sizing size_field(const Field& field, const SizingOptions& options);

// As a member of a study's result or alone: docs/schema/sizing.schema.json.
[[nodiscard]] Json to_json(const Sizing& sizing, const StudyResult& study);

// The field of a study that can be sized. Errors: as size_arms.
[[nodiscard]] Result<Field> sizable(const StudyResult& study, const SizingOptions& options);
// "cloud: no joules (...)": of each arm that isn't among those chosen from.
[[nodiscard]] std::vector<std::string> notes_of(const Field& field);

}  // namespace joulebook
