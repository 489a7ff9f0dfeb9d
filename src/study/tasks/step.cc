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

// What a command said last, as far as it can be shown: its last line, or, where that is a cure as this
// program's own errors have it, the line before it and the cure apart.
struct LastWords {
  std::string line;
  std::string cure;
};

std::string_view cut_last_line(std::string_view& text) {
  text = trim(text);
  const auto at = text.find_last_of("\r\n");
  const auto line = at == std::string_view::npos ? text : trim(text.substr(at + 1));
  text = at == std::string_view::npos ? std::string_view() : text.substr(0, at);
  return line;
}

LastWords last_words(Subprocess& program, const std::string& output) {
  const std::string said = program.said();
  std::string_view text = said.empty() ? std::string_view(output) : std::string_view(said);
  std::string_view line = cut_last_line(text);
  LastWords out;
  constexpr std::string_view kCure = "cure: ";
  if (line.starts_with(kCure)) {
    out.cure = valid_utf8(line.substr(kCure.size(), kMostShown));
    line = cut_last_line(text);
  }
  out.line = valid_utf8(line.substr(0, kMostShown));
  return out;
}

tl::unexpected<Error> failed(std::string code, std::string what, std::string cure,
                             const LastWords& last) {
  if (!last.line.empty()) what += ": " + last.line;
  return fail(ErrorKind::engine, std::move(code), std::move(what),
              last.cure.empty() ? std::move(cure) : last.cure);
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
    return failed("task.late",
                  fmt::format("{} did not end within {:.0f} s and was ended", name, limits.seconds),
                  "give it more time, or see what it waits for", last_words(**program, got.output));
  }
  if (got.end == ExchangeEnd::flood) {
    return fail(ErrorKind::engine, "task.step", name + " wrote without end and was ended",
                "let it write to files, not to its output");
  }
  if ((*program)->exit_code() == 0) return done;
  const int code = (*program)->exit_code();
  const std::string how = code > 128 ? fmt::format("{} was ended by signal {}", name, code - 128)
                                     : fmt::format("{} ended with exit code {}", name, code);
  return failed("task.step", how, "run it by hand: " + join(argv, " "),
                last_words(**program, got.output));
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
