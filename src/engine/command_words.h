#pragma once
// What a program is told: its arguments, its standard input, its line. Pure but for the path of a
// file, which is made absolute.
#include <joulebook/result.h>

#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace joulebook {

// Which of "{text}", "{file}", "{text_file}" a command names.
struct Placeholders {
  bool text = false;
  bool file = false;
  bool text_file = false;

  [[nodiscard]] bool any() const { return text || file || text_file; }
};
[[nodiscard]] Placeholders placeholders_of(const std::vector<std::string>& argv);

// Whether the command can be asked at all. Errors: input "command.empty" (no program),
// "command.placeholder" (an unknown one, or one in a command that is kept running, whose items come
// by its standard input), "command.ready" (a first line where the program is not kept running),
// "command.limit".
[[nodiscard]] Status validate(const CommandOptions& command);

// Whether this item can be asked of the command. Errors: input "command.no_text",
// "command.no_file", "command.line_break" (a line was to be sent, and the text has several).
[[nodiscard]] Status can_ask(const CommandOptions& command, std::string_view text,
                             std::string_view file);

// The arguments with the placeholders filled. `text_file`: where the text lies.
[[nodiscard]] std::vector<std::string> filled(const std::vector<std::string>& argv,
                                              const GenerateRequest& request,
                                              const std::string& text_file);
// What goes to its standard input. REQUIRES: can_ask.
[[nodiscard]] std::string input_for(const CommandOptions& command, const GenerateRequest& request);

// A line of the program as an answer: JSON text in quotes stands for what it holds.
[[nodiscard]] std::string answer_of_line(std::string_view line);

}  // namespace joulebook
