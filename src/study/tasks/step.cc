#include "study/tasks/step.h"

#include <fmt/format.h>

#include <cstring>
#include <filesystem>

#include "core/find_program.h"
#include "core/subprocess.h"
#include "core/text.h"
#include "engine/command_exchange.h"

namespace joulebook {
namespace {

constexpr std::size_t kMostOutput = std::size_t{64} << 20;
constexpr std::size_t kMostShown = 300;

// The last line with something on it, as far as it can be shown.
std::string last_line(std::string_view text) {
  std::string_view line = trim(text);
  const auto at = line.find_last_of("\r\n");
  if (at != std::string_view::npos) line = trim(line.substr(at + 1));
  return valid_utf8(line.substr(0, kMostShown));
}

std::string with_last_line(std::string what, Subprocess& program, const std::string& output) {
  const std::string said = last_line(program.said());
  const std::string line = said.empty() ? last_line(output) : said;
  return line.empty() ? what : what + ": " + line;
}

}  // namespace

Result<StepDone> run_step(const std::vector<std::string>& argv, const StepLimits& limits) {
  const std::string name = std::filesystem::path(argv.front()).filename().string();
  if (find_program(argv.front(), limits.directory).empty()) {
    return fail(ErrorKind::input, "task.missing", "there is no program " + argv.front(),
                "install it, or build the program with all of its helpers");
  }
  StepDone done;
  done.begin = system_clock().now();
  auto program = Subprocess::start(argv, {.input = false, .directory = limits.directory});
  if (!program) {
    return fail(ErrorKind::resource, "task.start",
                fmt::format("cannot start {}: {}", name, std::strerror(program.error())),
                "try it by hand in a shell");
  }
  const auto patience = std::chrono::duration_cast<Nanos>(Seconds(limits.seconds));
  const ExchangeLimits until{done.begin + patience, kMostOutput, limits.cancel};
  ExchangeResult got = exchange_whole(**program, {}, until);
  await_end(**program, until, got);
  done.end = system_clock().now();
  (*program)->look_at_memory();
  (*program)->end(got.end == ExchangeEnd::done ? std::chrono::milliseconds(100) : Nanos{0});
  done.cpu_seconds = (*program)->cpu_seconds();
  done.peak_memory_bytes = (*program)->peak_memory();
  if (got.end == ExchangeEnd::cancelled) {
    return fail(ErrorKind::interrupted, "task.cancelled", name + " was interrupted", "");
  }
  if (got.end == ExchangeEnd::late) {
    return fail(ErrorKind::engine, "task.late",
                with_last_line(fmt::format("{} did not end within {:.0f} s and was ended", name,
                                           limits.seconds),
                               **program, got.output),
                "give it more time, or see what it waits for");
  }
  if (got.end == ExchangeEnd::flood) {
    return fail(ErrorKind::engine, "task.step", name + " wrote without end and was ended",
                "let it write to files, not to its output");
  }
  if ((*program)->exit_code() == 0) return done;
  const int code = (*program)->exit_code();
  const std::string how = code > 128 ? fmt::format("{} was ended by signal {}", name, code - 128)
                                     : fmt::format("{} ended with exit code {}", name, code);
  return fail(ErrorKind::engine, "task.step", with_last_line(how, **program, got.output),
              "run it by hand: " + join(argv, " "));
}

std::optional<Error> first_missing(const std::vector<TaskNeed>& needs, const std::string& folder) {
  for (const TaskNeed& need : needs) {
    std::error_code ignored;
    const bool there = need.program.empty() ? std::filesystem::exists(need.file, ignored)
                                            : !find_program(need.program, folder).empty();
    if (there) continue;
    std::string cure = need.cure;
    if (!need.package.empty()) {
      cure = "install the package " + need.package + (cure.empty() ? "" : "; " + cure);
    }
    if (cure.empty()) cure = "install it";
    return Error{ErrorKind::input, "task.needs",
                 fmt::format("there is no {}", need.program.empty() ? need.file : need.program),
                 std::move(cure)};
  }
  return std::nullopt;
}

}  // namespace joulebook
