#include "gateway/local_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace joulebook::gateway {
namespace {

constexpr auto kLook = std::chrono::milliseconds(100);
constexpr int kPatience = 100;  // looks before it is killed

std::vector<std::string> arguments(const LocalServerOptions& options, int port) {
  const int context = options.context > 0 ? options.context : 4096;
  std::vector<std::string> argv{options.program,
                                "--model", options.model,
                                "--host", "127.0.0.1",
                                "--port", std::to_string(port),
                                "--parallel", std::to_string(options.slots),
                                "--ctx-size", std::to_string(context * options.slots),
                                "--metrics",
                                "--no-webui"};
  if (options.threads > 0) {
    argv.insert(argv.end(), {"--threads", std::to_string(options.threads)});
  }
  argv.insert(argv.end(), options.more.begin(), options.more.end());
  return argv;
}

std::vector<std::string> environment(const LocalServerOptions& options) {
  std::vector<std::string> out;
  std::string libraries = options.libraries;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (text.starts_with("LD_LIBRARY_PATH=") && !options.libraries.empty()) {
      libraries += ":" + std::string(text.substr(16));
    } else {
      out.emplace_back(text);
    }
  }
  if (!libraries.empty()) out.push_back("LD_LIBRARY_PATH=" + libraries);
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// In the child: no allocation.
[[noreturn]] void become(char** argv, char** envp, const char* log, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(127);
  ::setpgid(0, 0);  // Ctrl-C of a terminal reaches this process first, which then ends it
  const int in = ::open("/dev/null", O_RDONLY);
  const int out = ::open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (in < 0 || out < 0) ::_exit(126);
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(out, 2);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(argv[0], argv, envp);
  ::_exit(127);
}

}  // namespace

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  int port = 0;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    port = ntohs(address.sin_port);
  }
  ::close(fd);
  return port;
}

Result<std::unique_ptr<LocalServer>> LocalServer::start(const LocalServerOptions& options) {
  if (::access(options.program.c_str(), X_OK) != 0) {
    return fail(ErrorKind::engine, "server.program",
                "llama-server cannot be started: " + options.program,
                "run ./quickstart, or serve with another server and name it with --upstream");
  }
  const int port = options.port != 0 ? options.port : free_port();
  auto argv = arguments(options, port);
  auto envp = environment(options);
  auto argv_pointers = pointers(argv);
  auto envp_pointers = pointers(envp);
  const std::string log = options.log.empty() ? "/dev/null" : options.log;
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(argv_pointers.data(), envp_pointers.data(), log.c_str(), parent);
  if (pid < 0) {
    return fail(ErrorKind::resource, "server.fork", "no process could be made for llama-server",
                "see how many processes this user may have (ulimit -u)");
  }
  return std::unique_ptr<LocalServer>(new LocalServer(options, pid, port));
}

bool LocalServer::alive() {
  if (pid_ == 0) return false;
  if (::waitpid(pid_, &status_, WNOHANG) == 0) return true;
  pid_ = 0;
  return false;
}

std::string LocalServer::how_it_ended() const {
  if (WIFEXITED(status_)) return "exit code " + std::to_string(WEXITSTATUS(status_));
  const int signal = WTERMSIG(status_);
  const char* name = ::strsignal(signal);
  return "signal " + std::to_string(signal) + (name != nullptr ? " (" + std::string(name) + ")" : "");
}

void LocalServer::stop() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGTERM);
  for (int look = 0; look < kPatience; ++look) {
    if (!alive()) return;
    std::this_thread::sleep_for(kLook);
  }
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

}  // namespace joulebook::gateway
