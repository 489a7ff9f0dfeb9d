#pragma once
// The frame of the programs that answer the items of a task (joulebook-task and its helpers): a
// table of verbs, one command line, one loop "read an item, answer a line", one way to show an
// error.
//
//   joulebook-task [--json | --once] TASK VERB [ARGUMENT]...
//
// A new verb is a row in a list of its own file and that list's name in task_list.cc.
// Threads: everything here belongs to one thread.
#include <joulebook/result.h>

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace joulebook {

// How items come and how answers go, as the keys of docs/formats/study.md say it.
enum class ItemFormat {
  line,  // kept running: a text a line, an answer a line
  json,  // kept running: {"text": ..., "file": ...} a line, the answer as JSON text a line
  once,  // started for each item: all of standard input is the text (one line end is taken off)
};

struct TaskItem {
  std::string text;
  std::string file;  // empty: none
};

// A verb's call: its arguments, as many as its row asks for, and the streams that it may use.
struct TaskCall {
  std::string task;
  std::string verb;
  std::vector<std::string> arguments;
  ItemFormat format = ItemFormat::line;
  std::istream& in;
  std::ostream& out;  // answers, results
  std::ostream& err;  // progress

  // The argument at that place; `fallback` where it was left out.
  [[nodiscard]] std::string argument(std::size_t index, std::string_view fallback = {}) const {
    return index < arguments.size() ? arguments[index] : std::string(fallback);
  }
};

struct TaskVerb {
  std::string_view task;       // "digits"
  std::string_view verb;       // "forest"
  std::string_view arguments;  // "MODEL [SEED]": one word each, in brackets those that may lack
  std::string_view does;       // one line for --help
  Status (*run)(const TaskCall& call);
};

// Longest item and longest answer, in bytes.
inline constexpr std::size_t kMostItemBytes = std::size_t{1} << 20;

// What answers an item. An error ends the program (whoever asked counts that item as failed and
// starts it anew).
using Answerer = std::function<Result<std::string>(const TaskItem& item)>;

// The loop. Kept running, it first says "ready" on a line of its own, and ends well with its input.
// Line ends within an answer become blanks where answers are lines. Errors: the answerer's; input
// "item.long", "item.syntax" (no JSON object, or no text and no file in it), "item.utf8".
[[nodiscard]] Status answer_items(const TaskCall& call, const Answerer& answer);

// Parses the command line and runs the verb. Errors: usage "task.unknown", "task.verb",
// "task.arguments" (each names what there is), and the verb's. --help writes the table to `out`.
[[nodiscard]] Status run_task_line(std::span<const std::string> words,
                                   std::span<const TaskVerb> verbs, std::istream& in,
                                   std::ostream& out, std::ostream& err);

// A whole main(): runs the line over the standard streams, shows an error with its cure on standard
// error. Returns the exit code.
[[nodiscard]] int run_task_program(int argc, char** argv, std::span<const TaskVerb> verbs);

}  // namespace joulebook
