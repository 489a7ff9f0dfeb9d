#pragma once
// What a model file's own chat template says about thinking, read from its text. The template is
// Jinja; it is not run here (libllama renders the families it knows by their marks), so these are
// findings by pattern: after the last `add_generation_prompt` the text that opens the answer is
// written out, and it holds "<think>" where the template opens thinking itself.
#include <string>
#include <string_view>

#include "engine/engine.h"

namespace joulebook {

struct ThinkingTraits {
  bool opens = false;     // the answer begins inside an open <think> block
  bool closes = false;    // the template can write an empty block, to turn thinking off
  bool switched = false;  // it looks at `enable_thinking`
};

[[nodiscard]] ThinkingTraits thinking_traits(std::string_view chat_template);

struct AnswerOpening {
  std::string text;       // follows the rendered prompt
  bool thinking = false;  // and leaves a thinking block open
  std::string warning;    // empty where the wish could be met
};

// How the answer is opened for a wish. Off writes the empty block "<think>\n\n</think>\n\n", as
// Qwen3's template does. On and unset write what the template would: "<think>\n" where it opens.
// A template without thinking can be switched neither on nor off, and a warning says so.
[[nodiscard]] AnswerOpening open_answer(const ThinkingTraits& traits, Reasoning wish);

}  // namespace joulebook
