#include "core/subprocess.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "core/process_memory.h"
#include "core/text.h"

extern char** environ;

namespace joulebook {
namespace {

constexpr std::size_t kMostComplaint = 1024;
constexpr Nanos kGrace = std::chrono::milliseconds(300);
constexpr Nanos kShortestNap = std::chrono::microseconds(50);
constexpr Nanos kLongestNap = std::chrono::milliseconds(2);
constexpr Nanos kBetweenLooks = std::chrono::milliseconds(10);  // at a program's memory

double seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
}

void shut(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_, O_CLOEXEC) != 0) ends_[0] = ends_[1] = -1;
  }
  ~Pipe() {
    shut(ends_[0]);
    shut(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  [[nodiscard]] bool open() const { return ends_[0] >= 0; }
  [[nodiscard]] int out() const { return ends_[0]; }
  [[nodiscard]] int in() const { return ends_[1]; }
  // Hands an end over, non-blocking.
  [[nodiscard]] int take(int end) {
    ::fcntl(ends_[end], F_SETFL, O_NONBLOCK);
    return std::exchange(ends_[end], -1);
  }

 private:
  int ends_[2];
};

// The settings of posix_spawn: a group of its own, no signal blocked or ignored.
class SpawnSettings {
 public:
  SpawnSettings(const Pipe* in, const Pipe& out, const Pipe& err, const std::string& directory) {
    posix_spawn_file_actions_init(&files_);
    if (in != nullptr) {
      posix_spawn_file_actions_adddup2(&files_, in->out(), 0);
    } else {
      posix_spawn_file_actions_addopen(&files_, 0, "/dev/null", O_RDONLY, 0);
    }
    posix_spawn_file_actions_adddup2(&files_, out.in(), 1);
    posix_spawn_file_actions_adddup2(&files_, err.in(), 2);
    if (!directory.empty()) posix_spawn_file_actions_addchdir_np(&files_, directory.c_str());
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

// A pipe whose reader is gone raises SIGPIPE on the writing thread: kept from it here.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoSigpipe() {
    const int error = errno;
    const timespec now{};
    if (!was_pending_) sigtimedwait(&pipe_, nullptr, &now);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = error;
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;

 private:
  sigset_t pipe_;
  sigset_t before_;
  bool was_pending_ = false;
};

}  // namespace

tl::expected<std::unique_ptr<Subprocess>, int> Subprocess::start(
    const std::vector<std::string>& argv, const SubprocessOptions& options) {
  Pipe in;
  Pipe out;
  Pipe err;
  if (!in.open() || !out.open() || !err.open()) return tl::unexpected(EMFILE);
  pid_t pid = -1;
  const int error =
      SpawnSettings(options.input ? &in : nullptr, out, err, options.directory).spawn(pid, argv);
  if (error != 0) return tl::unexpected(error);
  std::unique_ptr<Subprocess> made(new Subprocess);
  made->pid_ = pid;
  made->in_ = options.input ? in.take(1) : -1;
  made->out_ = out.take(0);
  made->err_ = err.take(0);
  return made;
}

Subprocess::~Subprocess() {
  end();
  shut(in_);
  shut(out_);
  shut(err_);
}

void Subprocess::close_in() { shut(in_); }

ssize_t Subprocess::write(const char* bytes, std::size_t size) {
  const NoSigpipe quiet;
  return ::write(in_, bytes, size);
}

void Subprocess::drain_complaint() {
  char buffer[4096];
  for (int i = 0; i < 64; ++i) {
    const ssize_t n = ::read(err_, buffer, sizeof buffer);
    if (n <= 0) return;
    said_.append(buffer, static_cast<std::size_t>(n));
    if (said_.size() > kMostComplaint) said_.erase(0, said_.size() - kMostComplaint);
  }
}

std::string Subprocess::said() {
  drain_complaint();
  return valid_utf8(trim(said_));
}

bool Subprocess::ended(Nanos patience) const {
  if (pid_ < 0) return true;
  const SteadyTime until = system_clock().now() + patience;
  for (Nanos nap = kShortestNap;; nap = std::min(nap * 2, kLongestNap)) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid != 0) {
      return true;
    }
    if (system_clock().now() >= until) return false;
    std::this_thread::sleep_for(nap);
  }
}

void Subprocess::end(Nanos patience) {
  if (pid_ < 0) return;
  close_in();
  if (!ended(patience)) {
    ::kill(-pid_, SIGTERM);
    if (!ended(kGrace)) ::kill(-pid_, SIGKILL);
  }
  ::kill(-pid_, SIGKILL);  // children that outlived it; its number is ours until it is reaped
  drain_complaint();
  int status = 0;
  rusage used{};
  while (::wait4(pid_, &status, 0, &used) < 0 && errno == EINTR) {
  }
  const std::int64_t kept = std::int64_t{used.ru_maxrss} * 1024;
  if (kept > peak_resident_bytes(*real_files())) peak_memory_ = std::max(peak_memory_, kept);
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  spent_ = seconds(used.ru_utime) + seconds(used.ru_stime);
  pid_ = -1;
}

std::int64_t Subprocess::look_at_memory() {
  const SteadyTime now = system_clock().now();
  if (pid_ < 0 || (peak_memory_ > 0 && now - looked_ < kBetweenLooks)) return peak_memory_;
  looked_ = now;
  const auto files = real_files();
  peak_memory_ = std::max({peak_memory_, peak_resident_bytes(*files, std::to_string(pid_)),
                           resident_bytes_of_tree(*files, pid_)});
  return peak_memory_;
}

double Subprocess::cpu_seconds() const {
  const pid_t pid = pid_;
  clockid_t clock = 0;
  timespec spent{};
  if (pid > 0 && ::clock_getcpuclockid(pid, &clock) == 0 && ::clock_gettime(clock, &spent) == 0) {
    return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) * 1e-9;
  }
  return spent_;
}

std::string Subprocess::how_it_ended() {
  std::string text = exit_code_ > 128 ? fmt::format("was ended by signal {}", exit_code_ - 128)
                                      : fmt::format("ended with exit code {}", exit_code_);
  if (const std::string why = said(); !why.empty()) text += ": " + why;
  return text;
}

}  // namespace joulebook
