#include "meter/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace joulebook {
namespace {

constexpr std::array kForwarded = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
std::atomic<pid_t> forward_to{0};
static_assert(std::atomic<pid_t>::is_always_lock_free);

// A terminal's own signals (si_code > 0) have reached the whole process group already.
void forward(int signal, siginfo_t* info, void*) {
  const int error = errno;
  const pid_t pid = forward_to;
  if (pid > 0 && info->si_code <= 0) kill(pid, signal);
  errno = error;
}

class Forwarding {
 public:
  explicit Forwarding(pid_t pid) {
    forward_to = pid;
    struct sigaction action{};
    action.sa_sigaction = forward;
    // Without SA_RESTART: every wait here looks at EINTR itself, and a tool that delivers signals at
    // the return of a call (the thread sanitizer) gets its chance.
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < kForwarded.size(); ++i) {
      sigaction(kForwarded[i], &action, &before_[i]);
    }
  }
  ~Forwarding() {
    for (std::size_t i = 0; i < kForwarded.size(); ++i) {
      sigaction(kForwarded[i], &before_[i], nullptr);
    }
    forward_to = 0;
  }
  Forwarding(const Forwarding&) = delete;
  Forwarding& operator=(const Forwarding&) = delete;

 private:
  std::array<struct sigaction, kForwarded.size()> before_{};
};

struct Pipe {
  int read = -1;
  int write = -1;
  [[nodiscard]] bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    read = ends[0];
    write = ends[1];
    return true;
  }
  static void shut(int& fd) {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
  ~Pipe() {
    shut(read);
    shut(write);
  }
};

// Between fork and exec only async-signal-safe calls are made; everything is prepared before.
[[noreturn]] void become(char* const* argv, char* const* env, bool redirect, const Pipe& gate,
                         const Pipe& problem) {
  ::close(gate.write);
  char go = 0;
  while (::read(gate.read, &go, 1) < 0 && errno == EINTR) {
  }
  if (redirect) ::dup2(STDERR_FILENO, STDOUT_FILENO);
  if (go != 0) ::execvpe(argv[0], argv, env);
  const int error = errno;
  const ssize_t told = ::write(problem.write, &error, sizeof error);
  ::_exit(told > 0 && error == ENOENT ? 127 : 126);
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> merged(const std::vector<std::pair<std::string, std::string>>& added) {
  std::vector<std::string> out;
  for (char** item = environ; *item != nullptr; ++item) {
    const std::string_view text = *item;
    bool replaced = false;
    for (const auto& [key, value] : added) replaced = replaced || text.starts_with(key + "=");
    if (!replaced) out.emplace_back(text);
  }
  for (const auto& [key, value] : added) out.push_back(key + "=" + value);
  return out;
}

void await_end(pid_t pid) {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
}

double seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
}

ChildOutcome reap(pid_t pid) {
  int status = 0;
  rusage usage{};
  while (::wait4(pid, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  ChildOutcome out;
  out.started = true;
  out.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  out.user_s = seconds(usage.ru_utime);
  out.system_s = seconds(usage.ru_stime);
  out.max_rss_bytes = std::int64_t{usage.ru_maxrss} * 1024;
  return out;
}

void read_problem(Pipe& problem, const std::string& command, ChildOutcome& out) {
  int error = 0;
  ssize_t n = 0;
  while ((n = ::read(problem.read, &error, sizeof error)) < 0 && errno == EINTR) {
  }
  if (n != sizeof error) return;
  out.started = false;
  out.exit_code = error == ENOENT ? 127 : 126;
  out.problem = "cannot run " + command + ": " + std::strerror(error);
}

tl::unexpected<Error> no_child() {
  return fail(ErrorKind::resource, "run.fork",
              std::string("cannot start a process: ") + std::strerror(errno),
              "end some processes, or raise the limit (ulimit -u, -n)");
}

}  // namespace

Result<ChildOutcome> run_child(
    const std::vector<std::string>& argv, const ChildOptions& options, const ChildHooks& hooks,
    const std::vector<std::pair<std::string, std::string>>& environment) {
  if (argv.empty() || argv.front().empty()) {
    return fail(ErrorKind::usage, "run.no_command", "there is no command to run",
                "name one: joulebook run -- COMMAND");
  }
  const auto env = merged(environment);
  const auto arguments = pointers(argv);
  const auto variables = pointers(env);
  Pipe gate;
  Pipe problem;
  if (!gate.open() || !problem.open()) return no_child();
  const pid_t pid = ::fork();
  if (pid < 0) return no_child();
  if (pid == 0) {
    become(arguments.data(), variables.data(), options.stdout_to_stderr, gate, problem);
  }
  const Forwarding forwarding(pid);
  Pipe::shut(problem.write);
  if (hooks.ready) hooks.ready(pid);
  // Our own reading end is still open: no SIGPIPE where the child was killed at the gate.
  const bool gone = ::write(gate.write, "g", 1) != 1;
  Pipe::shut(gate.read);
  Pipe::shut(gate.write);
  await_end(pid);
  if (hooks.ended) hooks.ended();
  ChildOutcome out = reap(pid);
  if (!gone) read_problem(problem, argv.front(), out);
  return out;
}

}  // namespace joulebook
