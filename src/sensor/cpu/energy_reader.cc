#include "sensor/cpu/energy_reader.h"

#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <utility>

#include "core/text.h"

extern char** environ;

namespace joulebook {
namespace {

constexpr std::string_view kGreeting = "joulebook-energy 1";
constexpr std::string_view kRequest = "read\n";
constexpr int kAnswerWithinMs = 1000;
// Sensors read one after another share an answer that is no older than an update of the counters.
constexpr Nanos kShared = std::chrono::milliseconds(1);

tl::unexpected<Error> lost(const std::string& what) {
  return fail(ErrorKind::no_reading, "sensor.lost", "the energy reader " + what,
              "start the program again");
}

// Its standard streams are the socket; its process group is its own.
int spawn_on(const std::string& path, int socket, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, socket, 0);
  posix_spawn_file_actions_adddup2(&actions, socket, 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  char* const argv[] = {const_cast<char*>(path.c_str()), nullptr};
  const int error = ::posix_spawn(&pid, path.c_str(), &actions, &attributes, argv, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

double seconds_of(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
}

// One run of the program and this end of its socket. Any thread may ask for its CPU time while no
// other starts or ends it.
class Helper {
 public:
  [[nodiscard]] Status start(const std::string& path) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      return lost(std::string("cannot be started: ") + std::strerror(errno));
    }
    pid_t pid = 0;
    const int error = spawn_on(path, ends[1], pid);
    ::close(ends[1]);
    if (error != 0) {
      ::close(ends[0]);
      return lost(std::string("cannot be started: ") + std::strerror(error));
    }
    fd_ = ends[0];
    pid_ = pid;
    return {};
  }

  // It sees the end of its input and leaves; one that hangs is ended. What it spent is kept.
  void end(bool hangs) {
    if (pid_ == 0) return;
    ::close(fd_);
    const pid_t pid = pid_.exchange(0);
    if (hangs) ::kill(pid, SIGKILL);
    rusage used{};
    while (::wait4(pid, nullptr, 0, &used) < 0 && errno == EINTR) {
    }
    spent_ = spent_ + seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
  }

  // Of all runs so far; its CPU clock needs no right.
  [[nodiscard]] double cpu_seconds() const {
    clockid_t clock;
    timespec now{};
    const pid_t pid = pid_;
    if (pid == 0 || ::clock_getcpuclockid(pid, &clock) != 0) return spent_;
    if (::clock_gettime(clock, &now) != 0) return spent_;
    return spent_ + static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
  }

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] int pid() const { return pid_; }

 private:
  int fd_ = -1;
  std::atomic<pid_t> pid_{0};
  std::atomic<double> spent_{0};
};

class SpawnedReader final : public EnergyReader {
 public:
  SpawnedReader(std::string path, Clock& clock) : path_(std::move(path)), clock_(clock) {}
  ~SpawnedReader() override { helper_.end(false); }

  [[nodiscard]] Status start() { return helper_.start(path_); }
  [[nodiscard]] std::unique_ptr<CounterSource> counter(const std::string& zone) override;
  [[nodiscard]] const std::string& path() const override { return path_; }
  [[nodiscard]] int pid() const override { return helper_.pid(); }
  [[nodiscard]] double cpu_seconds() const { return helper_.cpu_seconds(); }

  // A new answer, unless one that `seen` has not used yet is young enough.
  [[nodiscard]] Status refresh(std::uint64_t seen) {
    if (asked_ > 0 && seen != asked_ && size_ > 0 && clock_.now() - end_ <= kShared) return {};
    return ask();
  }
  [[nodiscard]] std::uint64_t asked() const { return asked_; }
  [[nodiscard]] std::string_view answer() const { return {buffer_, size_}; }
  [[nodiscard]] SteadyTime begin() const { return begin_; }
  [[nodiscard]] SteadyTime end() const { return end_; }

  // All counters share the program, so one of them tells what it spent: the first that read.
  void take_over(const CounterSource* who) {
    const CounterSource* nobody = nullptr;
    payer_.compare_exchange_strong(nobody, who);
  }
  void leave(const CounterSource* who) { payer_.compare_exchange_strong(who, nullptr); }
  [[nodiscard]] bool pays(const CounterSource* who) const { return payer_ == who; }

 private:
  Status ask() {
    ++asked_;
    size_ = 0;
    if (dead_) return lost("is gone");
    auto ok = exchange();
    // The counters are the hardware's, so a second program goes on where the first one stopped.
    if (!ok && !std::exchange(restarted_, true)) {
      helper_.end(true);
      ok = start();
      if (ok) ok = exchange();
    }
    if (ok) return ok;
    dead_ = true;  // a late answer would be taken for the next one
    size_ = 0;
    return ok;
  }

  Status exchange() {
    size_ = 0;
    begin_ = clock_.now();
    const ssize_t sent = ::send(helper_.fd(), kRequest.data(), kRequest.size(), MSG_NOSIGNAL);
    auto ok = sent == static_cast<ssize_t>(kRequest.size()) ? receive() : lost("is gone");
    end_ = clock_.now();
    return ok;
  }

  Status receive() {
    while (size_ == 0 || buffer_[size_ - 1] != '\n') {
      if (size_ == sizeof buffer_) return lost("answers without end");
      pollfd ready{helper_.fd(), POLLIN, 0};
      const int n = ::poll(&ready, 1, kAnswerWithinMs);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return lost("does not answer");
      const ssize_t got = ::recv(helper_.fd(), buffer_ + size_, sizeof buffer_ - size_, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return lost("is gone");
      size_ += static_cast<std::size_t>(got);
    }
    return {};
  }

  std::string path_;
  Clock& clock_;
  Helper helper_;
  char buffer_[kLongestAnswer];
  std::size_t size_ = 0;
  SteadyTime begin_, end_;
  std::uint64_t asked_ = 0;  // exchanges so far
  bool restarted_ = false;
  bool dead_ = false;
  std::atomic<const CounterSource*> payer_{nullptr};
};

class ReaderCounter final : public CounterSource {
 public:
  ReaderCounter(std::shared_ptr<SpawnedReader> reader, std::string zone)
      : reader_(std::move(reader)), zone_(std::move(zone)) {}
  ~ReaderCounter() override { reader_->leave(this); }

  [[nodiscard]] Result<RawReading> read() override {
    if (auto ok = reader_->refresh(seen_); !ok) return fail(ok.error());
    seen_ = reader_->asked();
    const auto counts = count_in_answer(reader_->answer(), zone_);
    if (!counts) return refused();
    answered_ = true;
    reader_->take_over(this);
    return RawReading{*counts, reader_->begin(), reader_->end()};
  }

  [[nodiscard]] double own_cpu_seconds() const override {
    return reader_->pays(this) ? reader_->cpu_seconds() : 0;
  }

 private:
  tl::unexpected<Error> refused() const {
    if (answered_) return lost("cannot read " + zone_ + " any more");
    return fail(ErrorKind::no_reading, "sensor.permission",
                "the energy reader may not read " + zone_ + " either",
                "sudo setcap cap_dac_read_search=ep " + reader_->path());
  }

  std::shared_ptr<SpawnedReader> reader_;
  std::string zone_;
  std::uint64_t seen_ = 0;  // the exchange whose answer was used last
  bool answered_ = false;
};

std::unique_ptr<CounterSource> SpawnedReader::counter(const std::string& zone) {
  return std::make_unique<ReaderCounter>(
      std::static_pointer_cast<SpawnedReader>(shared_from_this()), zone);
}

}  // namespace

std::optional<std::uint64_t> count_in_answer(std::string_view answer, std::string_view zone) {
  if (!answer.starts_with(kGreeting) || !answer.ends_with('\n')) return std::nullopt;
  answer.remove_prefix(kGreeting.size());
  answer.remove_suffix(1);
  if (answer.find('\n') != std::string_view::npos) return std::nullopt;  // more than one answer
  while (!answer.empty()) {
    if (answer.front() != ' ') return std::nullopt;
    answer.remove_prefix(1);
    const std::string_view word = answer.substr(0, answer.find(' '));
    answer.remove_prefix(word.size());
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    if (word.substr(0, equals) == zone) return parse_uint(word.substr(equals + 1));
  }
  return std::nullopt;
}

Result<std::shared_ptr<EnergyReader>> start_energy_reader(const std::string& path, Clock& clock) {
  if (::access(path.c_str(), X_OK) != 0) {
    return fail(ErrorKind::no_reading, "sensor.missing",
                "no energy reader at " + path + ": " + std::strerror(errno),
                "install joulebook-energy-reader beside joulebook");
  }
  auto reader = std::make_shared<SpawnedReader>(path, clock);
  if (auto ok = reader->start(); !ok) return fail(ok.error());
  return reader;
}

std::string energy_reader_path() {
  if (const char* named = ::secure_getenv("JOULEBOOK_ENERGY_READER"); named && *named) return named;
  char exe[4096];
  const ssize_t n = ::readlink("/proc/self/exe", exe, sizeof exe);
  const std::string_view program(exe, n > 0 ? static_cast<std::size_t>(n) : 0);
  return std::string(program.substr(0, program.rfind('/') + 1)) + "joulebook-energy-reader";
}

}  // namespace joulebook
