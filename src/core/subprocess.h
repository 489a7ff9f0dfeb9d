#pragma once
// A program with pipes on its standard streams, in a process group of its own, so that it is ended
// with all that it started. posix_spawn(3); no signal is blocked or ignored in it. Its descriptors
// are not passed on to other programs.
//
// Threads: cpu_seconds from any, all else from one. The destructor ends the whole group.
#include <joulebook/units.h>
#include <sys/types.h>

#include <atomic>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "core/clock.h"

namespace joulebook {

struct SubprocessOptions {
  bool input = false;     // a pipe to its standard input; else that is empty
  std::string directory;  // where it runs; empty: here
};

class Subprocess {
 public:
  // argv[0] is looked for in PATH. The error is an errno. REQUIRES: argv is not empty.
  [[nodiscard]] static tl::expected<std::unique_ptr<Subprocess>, int> start(
      const std::vector<std::string>& argv, const SubprocessOptions& options);
  ~Subprocess();
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;

  // Our ends, non-blocking; -1 where there is none, or it was closed.
  [[nodiscard]] int in() const { return in_; }
  [[nodiscard]] int out() const { return out_; }
  [[nodiscard]] int err() const { return err_; }
  void close_in();
  // Writes what fits; bytes written, or -1 with errno (EPIPE raises no signal).
  [[nodiscard]] ssize_t write(const char* bytes, std::size_t size);
  // Reads what its standard error holds, so that it never blocks on it.
  void drain_complaint();
  // The last KiB of its standard error, trimmed, UTF-8.
  [[nodiscard]] std::string said();
  // Whether it has ended (it may not be reaped yet), waiting at most so long.
  [[nodiscard]] bool ended(Nanos patience) const;
  // Ends what still runs of its group and takes its exit code. It has `patience` to end by itself,
  // and 300 ms more after SIGTERM. Idempotent.
  void end(Nanos patience = std::chrono::milliseconds(100));

  // 128 + n by signal n; -1 before end().
  [[nodiscard]] int exit_code() const { return exit_code_; }
  // CPU time of it, and after end() also of its children that it waited for.
  [[nodiscard]] double cpu_seconds() const;
  // Bytes: the largest resident memory seen. At each look while it runs: the sum over it and all its
  // descendants, and the kernel's high-water mark of the program itself (process_memory.h). After end()
  // also the largest single one that the kernel kept of it and the children that it waited for, where
  // that is more than this process has itself (a program that was just started begins with its
  // starter's mark). 0: never seen. Looks again at most every 10 ms.
  std::int64_t look_at_memory();
  [[nodiscard]] std::int64_t peak_memory() const { return peak_memory_; }
  // "ended with exit code 3" or "was ended by signal 9", and what it said. REQUIRES: end().
  [[nodiscard]] std::string how_it_ended();

 private:
  Subprocess() = default;

  int in_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::atomic<pid_t> pid_{-1};
  std::string said_;
  int exit_code_ = -1;
  std::atomic<double> spent_{0};
  std::int64_t peak_memory_ = 0;
  SteadyTime looked_{};
};

}  // namespace joulebook
