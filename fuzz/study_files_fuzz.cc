// Any bytes as what a person writes for a study: prompts (JSONL), a study (TOML), an arm of fixed length.
// An error names its code and its cure; a length is at least one token, of one kind, and is read again;
// what is accepted can be digested and shown, and its checkers can judge any answer: here the item's own
// text and what it expects.
// Faults planted: a byte order mark known by its first byte alone, and a length of 0 that is let through, both found
// at once from the seeds that are refused; without such a seed the first took from 1,000 to 136,000 inputs (2026-11-27).
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "study/answers.h"
#include "study/checker.h"
#include "study/prompts.h"
#include "study/spec.h"

namespace {

void judge(const joulebook::Error& error) {
  if (error.code.empty() || error.cure.empty()) std::abort();
}

// Scores are shares, but for error rates, which may exceed 1.
void judge_answers(const std::vector<joulebook::Prompt>& prompts) {
  using Kind = joulebook::Checker::Kind;
  for (const auto& prompt : prompts) {
    const auto& checker = prompt.checker;
    const bool rate = checker.kind == Kind::wer || checker.kind == Kind::cer;
    for (const auto& answer : {prompt.text, checker.expected}) {
      const auto verdict = joulebook::judge(checker, answer);
      if (verdict.has_value() != (checker.kind != Kind::none)) std::abort();
      if (!verdict || !verdict->score) continue;
      if (!(*verdict->score >= 0) || (!rate && *verdict->score > 1)) std::abort();
    }
    if (rate && joulebook::judge(checker, checker.expected)->score != 0) std::abort();
  }
}

// "pp512": never both kinds, never none.
void judge_fixed(std::string_view text) {
  const auto fixed = joulebook::parse_fixed(text);
  if (!fixed) return judge(fixed.error());
  const std::int64_t length = fixed->prompt + fixed->output;
  if (fixed->prompt < 0 || fixed->output < 0 || (fixed->prompt > 0) == (fixed->output > 0)) std::abort();
  if (length > 1'000'000) std::abort();
  const auto again = joulebook::parse_fixed((fixed->prompt > 0 ? "pp" : "tg") + std::to_string(length));
  if (!again || !(*again == *fixed)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    const auto prompts = joulebook::parse_prompts(text, "fuzz.jsonl");
    if (!prompts) judge(prompts.error());
    if (prompts && (prompts->empty() || joulebook::digest(*prompts).size() != 16)) std::abort();
    if (prompts) judge_answers(*prompts);
    return 0;
  }
  judge_fixed(text);
  const auto study = joulebook::parse_study(text, "fuzz.toml", "model.gguf");
  if (!study) judge(study.error());
  if (study && study->arms.empty()) std::abort();
  return 0;
}
