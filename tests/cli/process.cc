#include "cli/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace joulebook::fakes {
namespace {

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void redirect(const std::string& path, int to, int flags) {
  const int fd = ::open(path.c_str(), flags, 0600);
  ::dup2(fd, to);
  ::close(fd);
}

[[noreturn]] void become(const std::vector<std::string>& argv,
                         const std::map<std::string, std::string>& environment,
                         const std::string& out, const std::string& err) {
  redirect("/dev/null", 0, O_RDONLY);
  redirect(out, 1, O_WRONLY | O_CREAT | O_TRUNC);
  redirect(err, 2, O_WRONLY | O_CREAT | O_TRUNC);
  for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> raw;
  for (const auto& arg : argv) raw.push_back(const_cast<char*>(arg.c_str()));
  raw.push_back(nullptr);
  ::execv(raw[0], raw.data());
  ::_exit(127);
}

}  // namespace

std::string fresh_folder(const std::string& name) {
  static int count = 0;
  const std::string path = testing::TempDir() + "joulebook-" + std::to_string(::getpid()) + "-" +
                           std::to_string(count++) + "-" + name;
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

Outcome run_process(const std::vector<std::string>& argv,
                    const std::map<std::string, std::string>& environment) {
  const std::string folder = fresh_folder("process");
  const pid_t child = ::fork();
  if (child == 0) become(argv, environment, folder + "/out", folder + "/err");
  int status = 0;
  ::waitpid(child, &status, 0);
  Outcome outcome;
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  outcome.out = slurp(folder + "/out");
  outcome.err = slurp(folder + "/err");
  std::filesystem::remove_all(folder);
  return outcome;
}

Outcome joulebook(std::vector<std::string> arguments,
                  std::map<std::string, std::string> environment) {
  arguments.insert(arguments.begin(), JOULEBOOK_PROGRAM);
  environment.try_emplace("JOULEBOOK_LEDGER", fresh_folder("ledger") + "/ledger.db");
  environment.try_emplace("JOULEBOOK_CONFIG", "/dev/null");
  return run_process(arguments, environment);
}

}  // namespace joulebook::fakes
