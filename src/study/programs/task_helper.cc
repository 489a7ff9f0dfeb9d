#include "study/programs/task_helper.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <ostream>
#include <vector>

namespace joulebook {

std::string helper_path(const TaskHelper& helper) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return {};
  const auto path = self.parent_path() / helper.program;
  return ::access(path.c_str(), X_OK) == 0 ? path.string() : std::string();
}

Status become(const TaskHelper& helper, const TaskCall& call) {
  const std::string path = helper_path(helper);
  if (path.empty()) {
    return fail(ErrorKind::engine, "task.not_built",
                fmt::format("{} {} is done by {}, which this build does not have", call.task,
                            call.verb, helper.program),
                fmt::format("install {} (scripts/setup tasks) and build again", helper.package));
  }
  std::vector<std::string> words = {path};
  if (call.format != ItemFormat::line) {
    words.emplace_back(call.format == ItemFormat::json ? "--json" : "--once");
  }
  words.push_back(call.task);
  words.push_back(call.verb);
  words.insert(words.end(), call.arguments.begin(), call.arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  call.out.flush();
  ::execv(path.c_str(), argv.data());
  return fail(ErrorKind::engine, "task.not_built",
              fmt::format("{} could not be started: {}", path, std::strerror(errno)),
              "build it again");
}

int run_helper_program(int argc, char** argv, std::span<const HelperRun> runs) {
  std::vector<TaskVerb> mine;
  for (const TaskVerb& verb : all_task_verbs()) {
    for (const HelperRun& run : runs) {
      if (run.task != verb.task || run.verb != verb.verb) continue;
      mine.push_back(verb);
      mine.back().run = run.run;
    }
  }
  return run_task_program(argc, argv, mine);
}

}  // namespace joulebook
