#pragma once
// What a choice between a study's arms is made from: their joules and their grades, prompt by
// prompt, repeats averaged.
//
// Pure functions; thread-safe. A Field points into its study.
#include <string>
#include <vector>

#include "study/estimates.h"
#include "study/sizing/quality.h"

namespace joulebook {

struct ArmLeftOut {
  std::size_t arm = 0;
  Reason reason;
};

struct Field {
  const StudyResult* study = nullptr;
  Requirement requirement;
  std::vector<ArmTrials> trials;     // by arm of the study
  std::vector<std::size_t> arms;     // that may be chosen: they answered, and have joules
  std::vector<ArmLeftOut> left_out;     // the others
  std::vector<std::size_t> prompts;  // complete in each of `arms`
  std::vector<std::string> kinds;    // of `prompts`, in the study's order
  std::vector<std::size_t> kind_of;  // by prompt of the study: index into `kinds`
  std::vector<std::vector<double>> joules;                // [arm][prompt of the study]
  std::vector<std::vector<std::optional<double>>> value;  // likewise; nothing: not graded
  bool same_code = false;            // all of `arms` run the same: see split.h
  // Each arm is looked at on the prompts that it answered itself, and `prompts` are those that any
  // of `arms` did: where quick arms were asked more than slow ones (sample.h).
  bool own_prompts = false;

  [[nodiscard]] const std::string& name(std::size_t arm) const {
    return study->spec.arms[arm].name;
  }
  // Those of `among` that are of a kind.
  [[nodiscard]] std::vector<std::size_t> of_kind(std::size_t kind,
                                                 std::span<const std::size_t> among) const;
  // Those of `among` that the arm answered; all of them unless own_prompts.
  [[nodiscard]] std::vector<std::size_t> answered(std::size_t arm,
                                                  std::span<const std::size_t> among) const;
  [[nodiscard]] Quality quality(std::size_t arm, std::span<const std::size_t> among) const;
  // Infinite where it answered none of them.
  [[nodiscard]] double mean_joules(std::size_t arm, std::span<const std::size_t> among) const;
};

// `cost_only`: names of arms whose answers mean nothing (random weights): they are not chosen.
[[nodiscard]] Field field_of(const StudyResult& study, const Requirement& requirement,
                             std::span<const std::string> cost_only, bool own_prompts = false);

struct Pick {
  std::size_t arm = 0;
  bool sufficient = false;  // else the best there is
  bool graded = false;      // else no prompt was, and it is the cheapest
  bool operator==(const Pick&) const = default;
};

// The cheapest arm by J per response that meets the requirement on these prompts, and with at least
// this confidence; else the best, the cheaper of equals. REQUIRES: arms and `among` not empty.
[[nodiscard]] Pick pick(const Field& field, std::span<const std::size_t> among, double sure);

// The same, but where none meets it with that confidence the surest: whose interval has the best worse end
// (of values all equal, the value; a lone one says nothing), the cheaper of equals. So that few answers
// that happened to be right don't win against many.
[[nodiscard]] Pick pick_surely(const Field& field, std::span<const std::size_t> among, double sure);

}  // namespace joulebook
