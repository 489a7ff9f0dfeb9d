#pragma once
// Where lines come from: a program's standard output, a serial line, a TCP connection. Descriptors
// are not passed on to the commands that are measured.
#include <joulebook/result.h>

#include <memory>
#include <string>
#include <vector>

#include "sensor/remote/poller.h"

namespace joulebook {

class ByteStream {
 public:
  enum class Got { bytes, nothing, end };
  virtual ~ByteStream() = default;
  // Appends at most 64 KiB of what came, waiting for the first byte at most `patience`.
  virtual Got read(std::string& into, Nanos patience, const StopSignal& stop) = 0;
  // How it ended or what it complained of; empty where there is nothing to say. Bounded, UTF-8.
  [[nodiscard]] virtual std::string complaint() { return {}; }
  // CPU seconds that it has cost besides ours. Any thread.
  [[nodiscard]] virtual double cpu_seconds() const { return 0; }
};

// Starts a program (argv[0] looked for in PATH) in a process group of its own: standard input
// empty, standard error kept to its last KiB. The destructor ends the whole group.
// Errors: no_reading "sensor.program".
[[nodiscard]] Result<std::unique_ptr<ByteStream>> start_program(
    const std::vector<std::string>& argv);
// Raw, 8 bits, no parity, one stop bit. Errors: no_reading "sensor.missing", "sensor.permission",
// "sensor.unsupported" (no serial line, or no such speed).
[[nodiscard]] Result<std::unique_ptr<ByteStream>> open_serial(const std::string& path, int baud);
// Numeric addresses and names, 5 s to connect. Errors: no_reading "sensor.unreachable".
[[nodiscard]] Result<std::unique_ptr<ByteStream>> open_tcp(const std::string& host, int port);

struct ProgramOutcome {
  int exit_code = -1;     // 128 + n by signal n; -1: it was ended for taking too long
  std::string output;     // at most 64 KiB
  std::string complaint;  // likewise of standard error, bounded
  double cpu_seconds = 0;
};
// Runs a program to its end, at most `patience`. Errors as start_program.
[[nodiscard]] Result<ProgramOutcome> run_program(const std::vector<std::string>& argv,
                                                 Nanos patience, const StopSignal& stop);

}  // namespace joulebook
