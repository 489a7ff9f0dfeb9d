// Programs as meters.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>

#include "core/clock.h"
#include "core/text.h"
#include "sensor/remote/byte_stream.h"

extern char** environ;

namespace joulebook {
namespace {

constexpr std::size_t kMostComplaint = 1024;
constexpr std::size_t kMostOutput = 64 * 1024;
constexpr Nanos kGrace = std::chrono::milliseconds(300);

double seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
}

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_, O_CLOEXEC) != 0) ends_[0] = ends_[1] = -1;
  }
  ~Pipe() {
    shut(0);
    shut(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  [[nodiscard]] int out() const { return ends_[0]; }
  [[nodiscard]] int in() const { return ends_[1]; }
  void shut(int end) {
    if (ends_[end] >= 0) ::close(ends_[end]);
    ends_[end] = -1;
  }

 private:
  int ends_[2];
};

// The settings of posix_spawn: a group of its own, no signal blocked or ignored.
class SpawnSettings {
 public:
  SpawnSettings(const Pipe& out, const Pipe& err) {
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_addopen(&files_, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files_, out.in(), 1);
    posix_spawn_file_actions_adddup2(&files_, err.in(), 2);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                               POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  [[nodiscard]] int spawn(pid_t& pid, const std::vector<std::string>& argv) {
    std::vector<char*> raw;
    for (const auto& arg : argv) raw.push_back(const_cast<char*>(arg.c_str()));
    raw.push_back(nullptr);
    return ::posix_spawnp(&pid, raw[0], &files_, &attributes_, raw.data(), environ);
  }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

class Program final : public ByteStream {
 public:
  explicit Program(std::string name) : name_(std::move(name)) {}
  ~Program() override { end(); }

  [[nodiscard]] Status start(const std::vector<std::string>& argv) {
    pid_t pid = -1;
    const int error = SpawnSettings(out_, err_).spawn(pid, argv);
    out_.shut(1);
    err_.shut(1);
    if (error != 0) {
      return fail(ErrorKind::no_reading, "sensor.program",
                  fmt::format("cannot start {}: {}", name_, std::strerror(error)),
                  "install it, or name its whole path");
    }
    pid_ = pid;
    for (const int fd : {out_.out(), err_.out()}) ::fcntl(fd, F_SETFL, O_NONBLOCK);
    return {};
  }

  Got read(std::string& into, Nanos patience, const StopSignal& stop) override {
    drain_complaint();
    if (!stop.readable(out_.out(), patience)) return Got::nothing;
    const std::size_t before = into.size();
    into.resize(before + kMostOutput);
    const ssize_t n = ::read(out_.out(), into.data() + before, kMostOutput);
    into.resize(before + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n > 0) return Got::bytes;
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? Got::nothing : Got::end;
  }

  [[nodiscard]] std::string complaint() override {
    end();
    std::string text = exit_code_ > 128
                           ? fmt::format("{} was ended by signal {}", name_, exit_code_ - 128)
                           : fmt::format("{} ended with exit code {}", name_, exit_code_);
    if (!trim(said_).empty()) text += ": " + valid_utf8(trim(said_));
    return text;
  }
  [[nodiscard]] std::string said() {
    drain_complaint();
    return valid_utf8(trim(said_));
  }
  [[nodiscard]] int exit_code() const { return exit_code_; }

  [[nodiscard]] double cpu_seconds() const override {
    const pid_t pid = pid_;
    clockid_t clock = 0;
    timespec spent{};
    if (pid > 0 && ::clock_getcpuclockid(pid, &clock) == 0 && ::clock_gettime(clock, &spent) == 0) {
      return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) * 1e-9;
    }
    return spent_;
  }

  // Ends what still runs of its group, and takes its exit code. Idempotent. An end of its own is
  // waited for a little, so that its exit code tells why.
  void end() {
    if (pid_ < 0) return;
    if (!gone(kGrace / 3)) {
      ::kill(-pid_, SIGTERM);
      if (!gone(kGrace)) ::kill(-pid_, SIGKILL);
    }
    ::kill(-pid_, SIGKILL);  // children that outlived it; its number is ours until it is reaped
    drain_complaint();
    int status = 0;
    rusage used{};
    while (::wait4(pid_, &status, 0, &used) < 0 && errno == EINTR) {
    }
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    spent_ = seconds(used.ru_utime) + seconds(used.ru_stime);
    pid_ = -1;
  }

 private:
  [[nodiscard]] bool gone(Nanos patience) const {
    const SteadyTime until = system_clock().now() + patience;
    for (;;) {
      siginfo_t info{};
      if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
          info.si_pid != 0) {
        return true;
      }
      if (system_clock().now() >= until) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  void drain_complaint() {
    char buffer[4096];
    for (int i = 0; i < 64; ++i) {
      const ssize_t n = ::read(err_.out(), buffer, sizeof buffer);
      if (n <= 0) return;
      said_.append(buffer, static_cast<std::size_t>(n));
      if (said_.size() > kMostComplaint) said_.erase(0, said_.size() - kMostComplaint);
    }
  }

  std::string name_;
  Pipe out_;
  Pipe err_;
  std::atomic<pid_t> pid_{-1};
  std::string said_;
  int exit_code_ = -1;
  std::atomic<double> spent_{0};
};

Result<std::unique_ptr<Program>> start(const std::vector<std::string>& argv) {
  if (argv.empty() || argv[0].empty()) {
    return fail(ErrorKind::usage, "sensor.program", "no program is named",
                "write --sensor 'exec:PROGRAM ARGUMENTS'");
  }
  auto program = std::make_unique<Program>(argv[0]);
  if (auto ok = program->start(argv); !ok) return fail(ok.error());
  return program;
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
  outcome.complaint = (*program)->said();
  (*program)->end();
  if (got == ByteStream::Got::end) outcome.exit_code = (*program)->exit_code();
  outcome.cpu_seconds = (*program)->cpu_seconds();
  return outcome;
}

}  // namespace joulebook
