#include "study/sizing/requirement.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/text.h"

namespace joulebook {
namespace {

constexpr std::array<std::string_view, 6> kWords = {"correct", "f1", "rouge_l",
                                                    "rank",    "wer", "cer"};
constexpr double kMostRate = 100;  // an error rate has no upper end, but a limit has

tl::unexpected<Error> bad(std::string code, std::string message, std::string cure) {
  return fail(ErrorKind::usage, std::move(code), std::move(message), std::move(cure));
}

struct Pieces {
  std::string_view name;
  bool at_least = false;
  std::string_view number;
};

std::optional<Pieces> take_apart(std::string_view text) {
  struct Sign {
    std::string_view written;
    bool at_least;
  };
  constexpr std::array<Sign, 4> kSigns = {{{">=", true}, {"≥", true}, {"<=", false}, {"≤", false}}};
  for (const auto& [written, at_least] : kSigns) {
    const auto at = text.find(written);
    if (at == std::string_view::npos) continue;
    return Pieces{trim(text.substr(0, at)), at_least, trim(text.substr(at + written.size()))};
  }
  return std::nullopt;
}

Result<Measured> measure_of(std::string_view name) {
  const std::string word = lower(name);
  const auto found = std::ranges::find(kWords, word);
  if (found != kWords.end()) return static_cast<Measured>(found - kWords.begin());
  const std::vector<std::string> known(kWords.begin(), kWords.end());
  const auto close = nearest(word, known);
  return bad("require.measure", fmt::format("'{}' is no measure of an answer", name),
             close ? fmt::format("did you mean '{}'?", *close) : "one of: " + join(known, ", "));
}

Result<double> limit_of(Measured measure, std::string_view number) {
  const bool in_percent = number.ends_with('%');
  if (in_percent) number = trim(number.substr(0, number.size() - 1));
  const auto value = parse_double(number);
  const double limit = value.value_or(-1) / (in_percent ? 100 : 1);
  const double most = less_is_better(measure) ? kMostRate : 1;
  if (value && limit >= 0 && limit <= most) return limit;
  const bool forgot = value && !in_percent && *value > most && *value <= 100;
  return bad("require.limit",
             fmt::format("'{}' is no limit of '{}'", number, to_string(measure)),
             forgot ? fmt::format("did you mean {} %?", number)
                    : fmt::format("write a number from 0 to {}, or a percentage", most));
}

}  // namespace

std::string_view to_string(Measured measure) { return kWords[static_cast<std::size_t>(measure)]; }

bool less_is_better(Measured measure) {
  return measure == Measured::wer || measure == Measured::cer;
}

bool Requirement::met_by(double value) const {
  // Shares are sums of 1 / repeats: what rounding takes must not decide.
  constexpr double kRounding = 1e-9;
  return less_is_better(measure) ? value <= limit + kRounding : value >= limit - kRounding;
}

bool Requirement::better(double a, double b) const {
  return less_is_better(measure) ? a < b : a > b;
}

std::string value_text(const Requirement& requirement, double value) {
  if (requirement.measure == Measured::correct) return fmt::format("{:.3g} %", 100 * value);
  return fmt::format("{:.3g}", value);
}

std::string to_string(const Requirement& r) {
  return fmt::format("{} {} {}", to_string(r.measure), less_is_better(r.measure) ? "<=" : ">=",
                     value_text(r, r.limit));
}

Result<Requirement> parse_requirement(std::string_view text) {
  const auto pieces = take_apart(trim(text));
  if (!pieces || pieces->name.empty() || pieces->number.empty()) {
    return bad("require.form", fmt::format("'{}' is no requirement", text),
               "write 'correct>=0.8', 'correct>=80%' or 'wer<=0.2', in quotes");
  }
  const auto measure = measure_of(pieces->name);
  if (!measure) return fail(measure.error());
  if (pieces->at_least == less_is_better(*measure)) {
    return bad("require.direction",
               fmt::format("of '{}' {} is better, so '{}' asks for a bad arm", to_string(*measure),
                           less_is_better(*measure) ? "less" : "more", text),
               fmt::format("write {}{}{}", to_string(*measure), pieces->at_least ? "<=" : ">=",
                           pieces->number));
  }
  const auto limit = limit_of(*measure, pieces->number);
  if (!limit) return fail(limit.error());
  return Requirement{*measure, *limit};
}

std::optional<double> graded(const Requirement& requirement, const Prompt& prompt,
                             const TrialRecord& trial) {
  using K = Checker::Kind;
  constexpr std::array<K, 6> kRules = {K::none, K::spans, K::rouge_l, K::nearest, K::wer, K::cer};
  if (requirement.measure == Measured::correct) {
    if (prompt.checker.kind == K::none) return std::nullopt;
    if (trial.error) return 0;
    if (!trial.correct) return std::nullopt;
    return *trial.correct ? 1.0 : 0.0;
  }
  if (prompt.checker.kind != kRules[static_cast<std::size_t>(requirement.measure)]) {
    return std::nullopt;
  }
  if (trial.error) return less_is_better(requirement.measure) ? 1 : 0;
  return trial.score;
}

}  // namespace joulebook
