#pragma once
// What is asked: prompts made up to a stated length, or a user's own, each with the most tokens of
// its answer. The n-th request of a seed is the same on every machine and in every repeat.
//
// Made-up prompts are common short English words, each one token with nearly every tokenizer; a
// number in front makes each unlike every other, so that no prefix cache serves it. How many tokens
// an endpoint adds around a prompt (its chat template) and counts a word as is learned from two
// answers (LengthFit). What it then counted is reported beside what was asked for.
#include <joulebook/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "load/plan.h"
#include "study/rng.h"

namespace joulebook::load {

// Lengths in tokens: "512"; "uniform:100-900"; "normal:512,64" (mean, deviation);
// "lognormal:512,0.5" (mean, deviation of the logarithm). Draws are whole, at least 1 and at most
// 10 million.
class Lengths {
 public:
  // Errors: usage "load.lengths".
  [[nodiscard]] static Result<Lengths> parse(std::string_view text);
  [[nodiscard]] static Lengths fixed(std::int64_t n);
  [[nodiscard]] std::int64_t draw(Rng& rng) const;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  enum class Kind { fixed, uniform, normal, lognormal };
  Kind kind_ = Kind::fixed;
  double a_ = 1;
  double b_ = 0;
  std::string text_ = "1";
};

// tokens = base + per_word x words, as the endpoint counts.
struct LengthFit {
  double base = 0;
  double per_word = 1;

  [[nodiscard]] std::int64_t words_for(std::int64_t tokens) const;
  // From the counts of two prompts of different length; nothing where they make no sense.
  [[nodiscard]] static std::optional<LengthFit> from(std::int64_t words_a, std::int64_t tokens_a,
                                                     std::int64_t words_b, std::int64_t tokens_b);
};

// A prompt of so many words. `number` makes it unlike others of the seed.
[[nodiscard]] std::string made_up_prompt(std::int64_t words, std::uint64_t seed,
                                         std::uint64_t number);

// A prompt of the user's own: a text, or chat messages as they are.
struct UserPrompt {
  std::string text;
  Json messages;  // array; null: `text` is it
  std::optional<std::int64_t> output_tokens;
};

struct WorkItem {
  std::string text;
  Json messages;
  std::int64_t input_tokens = 0;  // asked for; 0: a prompt of the user's own
  std::int64_t output_tokens = 0;
};

class Workload {
 public:
  Lengths input = Lengths::fixed(128);
  Lengths output = Lengths::fixed(128);
  LengthFit fit;
  std::vector<UserPrompt> prompts;  // not empty: these in turn, instead of made-up ones
  const std::vector<TraceEntry>* trace = nullptr;  // lengths by request; outlives this
  std::uint64_t seed = 1;

  [[nodiscard]] WorkItem item(std::uint64_t index) const;
};

}  // namespace joulebook::load
