#include "cli/shell_words.h"

namespace joulebook {

Result<std::vector<std::string>> shell_words(std::string_view line) {
  std::vector<std::string> words;
  char quote = 0;
  bool in_word = false;
  const auto put = [&](char c) {
    if (!in_word) words.emplace_back();
    in_word = true;
    words.back() += c;
  };
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const char next = i + 1 < line.size() ? line[i + 1] : '\0';
    if (c == '\\' && quote != '\'' && next != '\0' &&
        (quote == 0 || next == '"' || next == '\\')) {
      put(next);
      ++i;
    } else if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        put(c);
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      if (!in_word) words.emplace_back();
      in_word = true;
    } else if (c == ' ' || (c >= '\t' && c <= '\r')) {
      in_word = false;
    } else {
      put(c);
    }
  }
  if (quote != 0) {
    return fail(ErrorKind::usage, "command.quote",
                "a quotation mark is left open in: " + std::string(line), "close it");
  }
  if (words.empty()) {
    return fail(ErrorKind::usage, "run.no_command", "there is no command to measure",
                "write the command in the quotation marks");
  }
  return words;
}

}  // namespace joulebook
