#include "engine/command_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "core/json.h"
#include "core/text.h"

namespace joulebook {
namespace {

constexpr double kLongestSeconds = 86400;
constexpr std::int64_t kMostOutput = std::int64_t{256} << 20;

tl::unexpected<Error> bad(std::string code, std::string message, std::string cure) {
  return fail(ErrorKind::input, std::move(code), std::move(message), std::move(cure));
}

// Calls `use` with each part of a word: plain text, or a placeholder by its name.
template <class Use>
void parts_of(std::string_view word, Use use) {
  constexpr std::array<std::string_view, 3> kNames = {"{text}", "{file}", "{text_file}"};
  std::size_t plain = 0;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const auto at = std::ranges::find_if(
        kNames, [&](std::string_view name) { return word.substr(i).starts_with(name); });
    if (at == kNames.end()) continue;
    use(word.substr(plain, i - plain), false);
    use(*at, true);
    i += at->size() - 1;
    plain = i + 1;
  }
  use(word.substr(plain), false);
}

std::string whole_path(const std::string& file) {
  std::error_code ignored;
  const auto path = std::filesystem::absolute(file, ignored);
  return ignored ? file : path.string();
}

}  // namespace

Placeholders placeholders_of(const std::vector<std::string>& argv) {
  Placeholders out;
  for (const auto& word : argv) {
    parts_of(word, [&](std::string_view part, bool name) {
      out.text |= name && part == "{text}";
      out.file |= name && part == "{file}";
      out.text_file |= name && part == "{text_file}";
    });
  }
  return out;
}

Status validate(const CommandOptions& command) {
  if (command.argv.empty() || command.argv.front().empty()) {
    return bad("command.empty", "the command names no program",
               R"(write command = ["program", "argument"])");
  }
  if (placeholders_of({command.argv.front()}).any()) {
    return bad("command.placeholder", "an item can't be the program itself",
               "name the program first, the placeholder behind it");
  }
  if (command.kept() && placeholders_of(command.argv).any()) {
    return bad("command.placeholder",
               "a program that is kept running is started once: its arguments can't hold an item",
               R"(take the placeholder out, or write input = "none")");
  }
  if (!command.ready.empty() && !command.kept()) {
    return bad("command.ready", "'ready' is for a program that is kept running",
               R"(take it out, or write input = "line" or "json")");
  }
  if (!(command.time_limit_s > 0) || command.time_limit_s > kLongestSeconds) {
    return bad("command.limit",
               fmt::format("the time limit is {} s, not above 0 and at most {}",
                           command.time_limit_s, kLongestSeconds),
               "choose how long one answer may take, in seconds");
  }
  if (command.most_output < 1 || command.most_output > kMostOutput) {
    return bad("command.limit",
               fmt::format("the limit of output is {} bytes, not between 1 and {}",
                           command.most_output, kMostOutput),
               "choose how many bytes one answer may have");
  }
  return {};
}

Status can_ask(const CommandOptions& command, std::string_view text, std::string_view file) {
  const Placeholders named = placeholders_of(command.argv);
  const bool wants_text =
      named.text || named.text_file || command.input == CommandOptions::Input::whole;
  if (wants_text && text.empty()) {
    return bad("command.no_text",
               fmt::format("{} is to be told a text, and the item has none", command.argv.front()),
               R"(give the item a "prompt", or the command {file} in the place of it)");
  }
  if (named.text && text.find('\0') != std::string_view::npos) {
    return bad("command.no_text", "the text holds a zero byte, which no argument can",
               "give it by standard input");
  }
  if (named.file && file.empty()) {
    return bad("command.no_file",
               fmt::format("{} is to be told a file, and the item has none", command.argv.front()),
               R"(give the item a "file", or take {file} out of the command)");
  }
  if (command.input == CommandOptions::Input::line &&
      (text.empty() ? file : text).find('\n') != std::string_view::npos) {
    return bad("command.line_break", "a line is to be sent, and the item's text has several",
               R"(write input = "json", where a line break is \n)");
  }
  return {};
}

std::vector<std::string> filled(const std::vector<std::string>& argv,
                                const GenerateRequest& request, const std::string& text_file) {
  std::vector<std::string> out;
  for (const auto& word : argv) {
    std::string& full = out.emplace_back();
    parts_of(word, [&](std::string_view part, bool name) {
      if (!name) {
        full += part;
      } else if (part == "{text}") {
        full += request.user;
      } else {
        full += part == "{file}" ? whole_path(request.file) : text_file;
      }
    });
  }
  return out;
}

std::string input_for(const CommandOptions& command, const GenerateRequest& request) {
  switch (command.input) {
    case CommandOptions::Input::whole:
      return request.user;
    case CommandOptions::Input::none:
      break;
    case CommandOptions::Input::line:
      return (request.user.empty() ? whole_path(request.file) : request.user) + "\n";
    case CommandOptions::Input::json: {
      Json item = Json::object();
      if (!request.user.empty()) item.set("text", request.user);
      if (!request.file.empty()) item.set("file", whole_path(request.file));
      return item.dump() + "\n";
    }
  }
  return {};
}

std::string answer_of_line(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (trim(line).starts_with('"')) {
    if (const auto json = parse_json(trim(line)); json && json->is_string()) {
      return std::string(json->as_string());
    }
  }
  return std::string(line);
}

}  // namespace joulebook
