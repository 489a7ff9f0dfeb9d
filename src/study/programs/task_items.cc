// The loop of task_program.h.
#include <fmt/format.h>

#include <algorithm>
#include <istream>
#include <ostream>

#include "core/json.h"
#include "core/text.h"
#include "study/programs/task_program.h"

namespace joulebook {
namespace {

constexpr auto kEnd = std::istream::traits_type::eof();

// Reads up to `stop` (taken off) or the end of the input; false where there was nothing left.
Result<bool> read_until(std::istream& in, int stop, std::string& text) {
  text.clear();
  std::streambuf& bytes = *in.rdbuf();
  for (int c = bytes.sbumpc(); c != kEnd; c = bytes.sbumpc()) {
    if (c == stop) return true;
    text.push_back(static_cast<char>(c));
    if (text.size() > kMostItemBytes) {
      return fail(ErrorKind::input, "item.long",
                  fmt::format("an item is longer than {} bytes", kMostItemBytes),
                  "give an item a line, and cut what is longer");
    }
  }
  return !text.empty();
}

tl::unexpected<Error> no_object(std::string what) {
  return fail(ErrorKind::input, "item.syntax", std::move(what),
              R"(write {"text": "...", "file": "..."} on a line, with at least one of them)");
}

Result<TaskItem> parse_item(std::string_view line, ItemFormat format) {
  if (!is_valid_utf8(line)) {
    return fail(ErrorKind::input, "item.utf8", "an item is not UTF-8", "save the items as UTF-8");
  }
  if (format != ItemFormat::json) return TaskItem{std::string(line), {}};
  const auto json = parse_json(line);
  if (!json) return no_object("an item is no JSON: " + json.error().message);
  const Json& text = (*json)["text"];
  const Json& file = (*json)["file"];
  if (!text.is_string() && !file.is_string()) {
    return no_object("an item has neither a text nor a file");
  }
  return TaskItem{std::string(text.as_string()), std::string(file.as_string())};
}

// Hands an answer on, in one piece.
void write(const TaskCall& call, std::string answer) {
  if (call.format == ItemFormat::json) {
    answer = Json(std::move(answer)).dump();
  } else if (call.format == ItemFormat::line) {
    std::ranges::replace_if(answer, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  }
  answer.push_back('\n');
  call.out << answer << std::flush;
}

}  // namespace

Status answer_items(const TaskCall& call, const Answerer& answer) {
  const bool once = call.format == ItemFormat::once;
  if (!once) call.out << "ready\n" << std::flush;
  std::string line;
  for (;;) {
    const auto more = read_until(call.in, once ? kEnd : '\n', line);
    if (!more) return fail(more.error());
    if (!*more && !once) return {};
    if (once && line.ends_with('\n')) line.pop_back();
    auto item = parse_item(line, call.format);
    if (!item) return fail(std::move(item.error()));
    auto said = answer(*item);
    if (!said) return fail(std::move(said.error()));
    write(call, std::move(*said));
    if (once) return {};
  }
}

}  // namespace joulebook
