#pragma once
// What the sample study is told: its arms, its prompts with what each answer is to be like, and the
// engine that is said to have answered.
#include <array>

#include "study/records.h"

namespace joulebook::fakes {

inline constexpr std::array<const char*, 2> kArms = {"direct", "step by step"};

struct PromptSeed {
  const char* id;
  const char* kind;
  const char* text;
  Checker::Kind checker;
  const char* expected;
  std::array<std::int64_t, 2> answer_tokens;  // by arm
  std::int64_t reasoning_tokens;              // of the second arm
  std::int64_t prompt_tokens;
  std::array<bool, 2> correct;
};

inline constexpr std::array<PromptSeed, 8> kPrompts = {{
    {"ethics-1",
     "ethics",
     "Is it all right to lie to spare someone's feelings?",
     Checker::Kind::none,
     "",
     {140, 150},
     210,
     42,
     {false, false}},
    {"logic-1",
     "logic",
     "All bloops are razzies. Is every bloop a razzie? Answer yes or no.",
     Checker::Kind::exact,
     "yes",
     {4, 6},
     90,
     51,
     {true, true}},
    {"arithmetic-1",
     "arithmetic",
     "What is 17 times 24?",
     Checker::Kind::number,
     "408",
     {9, 11},
     160,
     38,
     {false, true}},
    {"code-1",
     "code",
     "Write a regular expression for a four-digit year.",
     Checker::Kind::regex,
     "[0-9]",
     {64, 70},
     120,
     45,
     {true, true}},
    {"extraction-1",
     "extraction",
     "Give the city as JSON: \"Ada lives in Turin.\"",
     Checker::Kind::json,
     "{\"city\":\"Turin\"}",
     {14, 15},
     80,
     47,
     {true, true}},
    {"classification-1",
     "classification",
     "Positive or negative: \"I loved it\"",
     Checker::Kind::exact,
     "positive",
     {3, 4},
     60,
     40,
     {true, true}},
    {"summarising-1",
     "summarising",
     "Summarise in one sentence: the tide rises twice a day.",
     Checker::Kind::none,
     "",
     {30, 34},
     100,
     60,
     {false, false}},
    {"chat-1",
     "chat",
     "Tell me something nice, with, \"quotes\" and a comma.",
     Checker::Kind::none,
     "",
     {90, 512},
     0,
     44,
     {false, false}},
}};

[[nodiscard]] StudySpec sample_spec();
[[nodiscard]] EngineInfo sample_engine();

}  // namespace joulebook::fakes
