#include "engine/chat_template.h"

namespace joulebook {
namespace {

constexpr std::string_view kOpen = "<think>";
constexpr std::string_view kClose = "</think>";

// Without line ends, written as such or as \n inside a Jinja string.
std::string_view skip_line_ends(std::string_view text) {
  while (true) {
    if (text.starts_with("\\n")) {
      text.remove_prefix(2);
    } else if (text.starts_with('\n')) {
      text.remove_prefix(1);
    } else {
      return text;
    }
  }
}

}  // namespace

ThinkingTraits thinking_traits(std::string_view chat_template) {
  ThinkingTraits out;
  out.switched = chat_template.find("enable_thinking") != chat_template.npos;
  const auto prompt = chat_template.rfind("add_generation_prompt");
  if (prompt == chat_template.npos) return out;
  std::string_view rest = chat_template.substr(prompt);
  for (auto at = rest.find(kOpen); at != rest.npos; at = rest.find(kOpen)) {
    rest = skip_line_ends(rest.substr(at + kOpen.size()));
    (rest.starts_with(kClose) ? out.closes : out.opens) = true;
  }
  return out;
}

AnswerOpening open_answer(const ThinkingTraits& traits, Reasoning wish) {
  const bool thinks = traits.opens || traits.closes || traits.switched;
  if (!thinks) {
    const bool asked = wish != Reasoning::unset;
    return {"", false,
            asked ? "the model's chat template has no switch for thinking: `reasoning` was not "
                    "applied; ask for it in the system prompt"
                  : ""};
  }
  if (wish == Reasoning::off) return {"<think>\n\n</think>\n\n", false, ""};
  if (traits.opens) return {"<think>\n", true, ""};
  return {};
}

}  // namespace joulebook
