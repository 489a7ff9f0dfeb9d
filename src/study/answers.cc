#include "study/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/text.h"
#include "study/answer_text.h"
#include "study/checker.h"
#include "study/graded.h"
#include "study/rng.h"
#include "study/trial_run.h"

namespace joulebook {
namespace {

// The only label that the rule would take for the answer.
std::optional<std::string> label_key(const Checker& checker, std::string_view answer) {
  if (!checker.labels) return std::nullopt;
  Checker as = checker;
  for (const auto& label : *checker.labels) {
    as.expected = label;
    if (check(as, answer).value_or(false)) return label;
  }
  return std::nullopt;
}

// Appends what another answer took; spans tile on.
void append(Generation& all, Generation&& one) {
  one.phases.front().begin = all.phases.back().end;
  std::ranges::move(one.phases, std::back_inserter(all.phases));
  all.prompt_tokens += one.prompt_tokens;
  all.cached_tokens += one.cached_tokens;
  all.reasoning_tokens += one.reasoning_tokens;
  all.answer_tokens += one.answer_tokens;
  all.reasoning_marked |= one.reasoning_marked;
  std::ranges::move(one.token_times, std::back_inserter(all.token_times));
  const bool known = all.cpu_seconds >= 0 && one.cpu_seconds >= 0;
  all.cpu_seconds = known ? all.cpu_seconds + one.cpu_seconds : -1;
  for (auto& warning : one.warnings) all.warnings.push_back(std::move(warning));
}

struct Text {
  std::string reasoning;
  Finish finish = Finish::stop;
};

}  // namespace

std::optional<std::string> answer_key(const Checker& checker, std::string_view answer) {
  using K = Checker::Kind;
  if (trim(answer).empty()) return std::nullopt;
  if (checker.kind == K::number) {
    const auto number = number_in(answer);
    return number ? std::optional(fmt::format("{:.9g}", *number)) : std::nullopt;
  }
  if (checker.kind == K::label) return label_key(checker, answer);
  if (checker.kind == K::spans) {
    auto spans = spans_in(answer);
    std::ranges::sort(spans);
    return join(spans, "\n");
  }
  if (checker.kind == K::nearest && !checker.among) return join(ids_in(answer), "\n");
  if (checker.kind == K::json) {
    const auto json = first_json(answer);
    return json ? std::optional(json->dump()) : std::nullopt;
  }
  const auto all = candidates(answer);
  return normalised(all.empty() ? answer : all.front());
}

ChosenAnswer choose_answer(const Checker& checker, bool by_checker,
                     std::span<const std::string> answers) {
  ChosenAnswer out;
  std::map<std::string, int> votes;
  std::vector<std::optional<std::string>> keys;
  for (const auto& answer : answers) {
    keys.push_back(answer_key(checker, answer));
    if (!keys.back()) continue;
    ++out.well_formed;
    ++votes[*keys.back()];
  }
  int most = 0;
  std::optional<double> best;
  const bool less = checker.kind == Checker::Kind::wer || checker.kind == Checker::Kind::cer;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto grade = judge(checker, answers[i]);
    if (grade) out.right = out.right.value_or(0) + (grade->correct ? 1 : 0);
    if (!by_checker && keys[i] && votes[*keys[i]] > most) {
      most = votes[*keys[i]];
      out.index = i;
    }
    if (!by_checker || !grade) continue;
    // A right answer is above any score.
    const double score = grade->score.value_or(0) * (less ? -1 : 1) + (grade->correct ? 1e9 : 0);
    if (!best || score > *best) out.index = i;
    best = std::max(best.value_or(score), score);
  }
  return out;
}

Result<Asked> ask_arm(Engine& engine, const StudySpec& spec, const Slot& slot,
                      const std::atomic<bool>* cancel) {
  GenerateRequest request = request_for(spec, slot, cancel);
  const ArmSpec& arm = spec.arms[slot.arm];
  auto first = engine.generate_one(request);
  if (!first) return fail(std::move(first.error()));
  if (!arm.answers || first->finish == Finish::cancelled) return Asked{std::move(*first), {}, {}};
  std::vector<std::string> answers = {first->answer};
  std::vector<Text> texts = {{first->reasoning, first->finish}};
  Generation all = std::move(*first);
  std::uint64_t state = request.seed;
  for (int i = 1; i < *arm.answers; ++i) {
    request.seed = static_cast<std::uint32_t>(splitmix64(state));
    auto next = engine.generate_one(request);
    if (!next) return fail(std::move(next.error()));
    answers.push_back(next->answer);
    texts.push_back({next->reasoning, next->finish});
    const bool cancelled = next->finish == Finish::cancelled;
    append(all, std::move(*next));
    if (!cancelled) continue;
    all.finish = Finish::cancelled;
    return Asked{std::move(all), {}, {}};
  }
  const ChosenAnswer chosen =
      choose_answer(spec.prompts[slot.prompt].checker, arm.pick == "best", answers);
  all.answer = answers[chosen.index];
  all.reasoning = texts[chosen.index].reasoning;
  all.finish = texts[chosen.index].finish;
  return Asked{std::move(all), chosen.well_formed, chosen.right};
}

Result<FixedWork> parse_fixed(std::string_view text) {
  const std::int64_t length = text.size() > 2 ? parse_int(text.substr(2)).value_or(0) : 0;
  const bool known = text.starts_with("pp") || text.starts_with("tg");
  if (!known || length < 1 || length > 1'000'000) {
    return fail(ErrorKind::input, "study.fixed", fmt::format("'{}' names no length", text),
                "write pp512 to compute a prompt of 512 tokens, tg128 to write 128");
  }
  return text.starts_with("pp") ? FixedWork{length, 0} : FixedWork{0, length};
}

}  // namespace joulebook
