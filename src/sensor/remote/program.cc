// Programs as meters.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/clock.h"
#include "core/subprocess.h"
#include "sensor/remote/byte_stream.h"

namespace joulebook {
namespace {

constexpr std::size_t kMostOutput = 64 * 1024;

class Program final : public ByteStream {
 public:
  Program(std::string name, std::unique_ptr<Subprocess> process)
      : name_(std::move(name)), process_(std::move(process)) {}

  Got read(std::string& into, Nanos patience, const StopSignal& stop) override {
    process_->drain_complaint();
    if (!stop.readable(process_->out(), patience)) return Got::nothing;
    const std::size_t before = into.size();
    into.resize(before + kMostOutput);
    const ssize_t n = ::read(process_->out(), into.data() + before, kMostOutput);
    into.resize(before + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n > 0) return Got::bytes;
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? Got::nothing : Got::end;
  }

  // An end of its own is waited for a little, so that its exit code tells why.
  [[nodiscard]] std::string complaint() override {
    process_->end();
    return name_ + " " + process_->how_it_ended();
  }
  [[nodiscard]] double cpu_seconds() const override { return process_->cpu_seconds(); }
  [[nodiscard]] Subprocess& process() { return *process_; }

 private:
  std::string name_;
  std::unique_ptr<Subprocess> process_;
};

Result<std::unique_ptr<Program>> start(const std::vector<std::string>& argv) {
  if (argv.empty() || argv[0].empty()) {
    return fail(ErrorKind::usage, "sensor.program", "no program is named",
                "write --sensor 'exec:PROGRAM ARGUMENTS'");
  }
  auto process = Subprocess::start(argv, {});
  if (!process) {
    return fail(ErrorKind::no_reading, "sensor.program",
                fmt::format("cannot start {}: {}", argv[0], std::strerror(process.error())),
                "install it, or name its whole path");
  }
  return std::make_unique<Program>(argv[0], std::move(*process));
}

}  // namespace

Result<std::unique_ptr<ByteStream>> start_program(const std::vector<std::string>& argv) {
  auto program = start(argv);
  if (!program) return fail(program.error());
  return std::unique_ptr<ByteStream>(std::move(*program));
}

Result<ProgramOutcome> run_program(const std::vector<std::string>& argv, Nanos patience,
                                   const StopSignal& stop) {
  auto program = start(argv);
  if (!program) return fail(program.error());
  ProgramOutcome outcome;
  const SteadyTime until = system_clock().now() + patience;
  auto got = ByteStream::Got::nothing;
  while (got != ByteStream::Got::end && outcome.output.size() < kMostOutput && !stop.is_set()) {
    const Nanos left = until - system_clock().now();
    if (left.count() <= 0) break;
    got = (*program)->read(outcome.output, left, stop);
  }
  Subprocess& process = (*program)->process();
  outcome.complaint = process.said();
  process.end();
  if (got == ByteStream::Got::end) outcome.exit_code = process.exit_code();
  outcome.cpu_seconds = process.cpu_seconds();
  return outcome;
}

}  // namespace joulebook
