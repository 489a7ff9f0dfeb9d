#pragma once
// B against A, whatever they were: two commands run alternately, two runs or two studies written
// down. One ratio with its interval, and what a limit says of it.
//
// Runs: the mean over repeats. The ratio's own interval is that of estimates.h for one prompt (t on
// the logarithm, Welch's degrees of freedom; the meters' own errors where they are larger): with
// one repeat a side it is [0, infinity), since nothing says how far another would differ.
// Studies: the figures of one arm each, with the intervals that their study gave them, as if the
// two were independent.
// Shared errors cancel as far as both sides have them (Law: quantity.h); the mix of instructions
// only where both ran the same, and nothing where the machines differ.
//
// Pure; thread-safe. JSON: docs/formats/compare.md, docs/schema/compare.schema.json.
#include <joulebook/quantity.h>
#include <joulebook/result.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace joulebook {

inline constexpr const char* kCompareSchema = "joulebook.compare/1";

struct VersusRun {
  Quantity energy;  // J, gross
  double seconds = 0;
};

struct VersusSide {
  std::string name;
  std::string code;             // equal: both ran the same, and the mix of instructions cancels
  std::string machine;          // equal: the same machine, as far as is written down
  std::vector<VersusRun> runs;  // a run's repeats; or
  std::optional<Quantity> figure;  // a study's figure, and
  double seconds = 0;              // its mean time
  std::int64_t count = 0;          // repeats or trials
};

enum class Against { not_asked, within, undecided, above };
[[nodiscard]] std::string_view to_string(Against against);

struct Versus {
  std::string per;  // "run", "response", "correct answer", ...
  std::string name_a;
  std::string name_b;
  Quantity a;  // J
  Quantity b;
  double seconds_a = 0;  // mean
  double seconds_b = 0;
  std::int64_t count_a = 0;
  std::int64_t count_b = 0;
  Quantity ratio;  // B / A, unit "1"
  std::optional<double> max_increase;
  Against against = Against::not_asked;
  std::vector<std::string> warnings;
  std::string sentence;
};

struct VersusOptions {
  std::optional<double> max_increase;  // 0.05: B may take at most 5 % more than A
  std::string per = "response";        // of a study: a denominator of its figures
  std::string arm_a;                   // of a study: empty: its first
  std::string arm_b;
};

// Errors: input "compare.boundary" (the two cover different things).
[[nodiscard]] Result<Versus> versus(VersusSide a, VersusSide b, const VersusOptions& options,
                                    const std::string& per);

// A run (joulebook.run/1) or a study (joulebook.study/1) as a side, both of one kind.
// Errors: input "compare.kind" (another document, or two kinds), "compare.no_runs" (no command was
// run), "compare.arm" (no such arm; the nearest named), "compare.per" (no such figure).
[[nodiscard]] Result<Versus> versus_documents(const Json& a, const Json& b,
                                              const VersusOptions& options);

// The repeats of a run's document that `mine` names by index, as a side.
[[nodiscard]] VersusSide side_of_repeats(const Json& run, const std::vector<std::size_t>& mine,
                                         std::string name, std::string code);

[[nodiscard]] Json to_json(const Versus& versus);
// For people: two lines of figures and the sentence.
[[nodiscard]] std::string to_text(const Versus& versus);

// "5%", "0.05", "-10%". Errors: usage "compare.limit" (no number, -100 % and less, or a share of 1 and more,
// which was meant as a percentage).
[[nodiscard]] Result<double> parse_increase(std::string_view text);

}  // namespace joulebook
