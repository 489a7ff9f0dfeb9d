#pragma once
// A deterministic engine on a given clock: scripted answers, one token a word, fixed durations of
// each phase. Its time is only what it spends in Clock::sleep_until, so with a FakeClock the spans
// it reports are exact. Requests given together run side by side on one timeline.
//
// Not thread-safe, like every Engine; `requests()` may be read between calls of generate().
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "engine/engine.h"

namespace joulebook {

// What the fake says to one prompt, and how long each part takes. Words (runs of non-blanks with
// the blanks before them) are its tokens.
struct FakeAnswer {
  std::string reasoning;             // thinking text; empty: the model does not think
  std::string answer = "forty two";  // cut, with finish `length`, at max_tokens
  std::int64_t prompt_tokens = 0;    // 0: the words of system and user text
  std::int64_t cached_tokens = 0;    // of the prompt's; used where the request keeps the cache
  Nanos queue{0};                    // no span where it is 0
  Nanos prefill = std::chrono::milliseconds(10);
  Nanos per_token = std::chrono::milliseconds(5);
  std::optional<Error> error;  // after queue and prefill, instead of an answer
};

class FakeEngine final : public Engine {
 public:
  explicit FakeEngine(Clock& clock, EngineInfo info = fake_info());

  // Answers prompts whose user text contains `part`; the first rule that matches wins.
  FakeEngine& when(std::string part, FakeAnswer answer);
  // Answers used once each, in order, before any rule is looked at.
  FakeEngine& then(FakeAnswer answer);
  // Everything else.
  FakeEngine& otherwise(FakeAnswer answer);

  // What a caller asked for, without callbacks and cancel flags, in order.
  [[nodiscard]] const std::vector<GenerateRequest>& requests() const { return requests_; }

  [[nodiscard]] EngineInfo info() const override { return info_; }
  [[nodiscard]] std::vector<Result<Generation>> generate(
      std::span<const GenerateRequest> requests) override;
  [[nodiscard]] std::optional<std::int64_t> count_tokens(std::string_view text) const override;

  // A complete description of a small model of kind "fake".
  [[nodiscard]] static EngineInfo fake_info();

 private:
  FakeAnswer answer_for(const GenerateRequest& request);

  Clock& clock_;
  EngineInfo info_;
  std::vector<std::pair<std::string, FakeAnswer>> rules_;
  std::deque<FakeAnswer> once_;
  FakeAnswer otherwise_;
  std::vector<GenerateRequest> requests_;
};

}  // namespace joulebook
