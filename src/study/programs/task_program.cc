#include "study/programs/task_program.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "core/text.h"

namespace joulebook {
namespace {

constexpr std::string_view kUsage = "joulebook-task [--json | --once] TASK VERB [ARGUMENT]...";

struct Arity {
  std::size_t least = 0;
  std::size_t most = 0;
};

Arity arity(std::string_view arguments) {
  Arity out;
  for (const std::string_view word : split(arguments, ' ')) {
    if (word.empty()) continue;
    ++out.most;
    if (word.front() != '[') ++out.least;
  }
  return out;
}

// The distinct names of the table, in its order.
std::vector<std::string> names(std::span<const TaskVerb> verbs, std::string_view of_task) {
  std::vector<std::string> out;
  for (const TaskVerb& verb : verbs) {
    if (!of_task.empty() && verb.task != of_task) continue;
    std::string name(of_task.empty() ? verb.task : verb.verb);
    if (std::ranges::find(out, name) == out.end()) out.push_back(std::move(name));
  }
  return out;
}

std::string cure_for(std::string_view word, const std::vector<std::string>& known) {
  const auto close = nearest(word, known);
  return close ? fmt::format("did you mean '{}'?", *close) : "one of: " + join(known, ", ");
}

Result<const TaskVerb*> find(std::span<const TaskVerb> verbs, const std::string& task,
                             const std::string& verb) {
  const auto tasks = names(verbs, {});
  if (std::ranges::find(tasks, task) == tasks.end()) {
    return fail(ErrorKind::usage, "task.unknown", fmt::format("'{}' is no task", task),
                cure_for(task, tasks));
  }
  for (const TaskVerb& row : verbs) {
    if (row.task == task && row.verb == verb) return &row;
  }
  return fail(ErrorKind::usage, "task.verb",
              fmt::format("the task {} has no verb '{}'", task, verb),
              cure_for(verb, names(verbs, task)));
}

void help(std::span<const TaskVerb> verbs, std::ostream& out) {
  out << fmt::format("{}\n\nAnswers the items of a task, or makes what that takes.\n\n", kUsage);
  out << "  --json   items and answers as JSON, a line each\n"
         "  --once   standard input is one item; else: a line an item, a line an answer\n\n";
  for (const TaskVerb& verb : verbs) {
    const std::string left = fmt::format("{} {} {}", verb.task, verb.verb, verb.arguments);
    out << fmt::format("  {:<58} {}\n", trim(left), verb.does);
  }
}

}  // namespace

Status run_task_line(std::span<const std::string> words, std::span<const TaskVerb> verbs,
                     std::istream& in, std::ostream& out, std::ostream& err) {
  ItemFormat format = ItemFormat::line;
  while (!words.empty() && words.front().starts_with("-")) {
    const std::string& flag = words.front();
    if (flag == "--help" || flag == "-h") return help(verbs, out), Status();
    if (flag != "--json" && flag != "--once") {
      return fail(ErrorKind::usage, "task.arguments", fmt::format("'{}' is no option", flag),
                  fmt::format("write {}", kUsage));
    }
    format = flag == "--json" ? ItemFormat::json : ItemFormat::once;
    words = words.subspan(1);
  }
  if (words.size() < 2) {
    return fail(ErrorKind::usage, "task.arguments", "a task and a verb are needed",
                fmt::format("write {}; --help lists them", kUsage));
  }
  const auto row = find(verbs, words[0], words[1]);
  if (!row) return fail(row.error());
  const TaskVerb& verb = **row;
  const Arity wanted = arity(verb.arguments);
  const auto given = words.subspan(2);
  if (given.size() < wanted.least || given.size() > wanted.most) {
    return fail(ErrorKind::usage, "task.arguments",
                fmt::format("{} {} was given {} arguments", verb.task, verb.verb, given.size()),
                fmt::format("write joulebook-task {} {} {}", verb.task, verb.verb, verb.arguments));
  }
  const TaskCall call{words[0], words[1], {given.begin(), given.end()}, format, in, out, err};
  return verb.run(call);
}

int run_task_program(int argc, char** argv, std::span<const TaskVerb> verbs) {
  std::ios::sync_with_stdio(false);
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const Status done = run_task_line(words, verbs, std::cin, std::cout, std::cerr);
  std::cout.flush();
  if (done) return 0;
  const Error& error = done.error();
  std::cerr << fmt::format("joulebook-task: {} [{}]\n", error.message, error.code);
  if (!error.cure.empty()) std::cerr << fmt::format("  cure: {}\n", error.cure);
  return exit_code(error.kind);
}

}  // namespace joulebook
