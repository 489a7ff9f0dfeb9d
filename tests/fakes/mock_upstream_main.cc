// The mock upstream as a program:
//   mock_upstream [--port N] [--tokens N] [--first-ms X] [--gap-ms X] [--slots N] [--owner NAME]
// Prints its address and serves until it is ended.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "fakes/mock_upstream.h"

int main(int argc, char** argv) {
  using joulebook::Nanos;
  joulebook::fakes::MockOptions options;
  const auto milliseconds = [](const std::string& text) {
    return Nanos(static_cast<std::int64_t>(std::atof(text.c_str()) * 1e6));
  };
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    const std::string value = argv[i + 1];
    if (flag == "--port") options.port = std::atoi(value.c_str());
    if (flag == "--tokens") options.tokens = std::atoi(value.c_str());
    if (flag == "--first-ms") options.first = milliseconds(value);
    if (flag == "--gap-ms") options.gap = milliseconds(value);
    if (flag == "--slots") options.slots = std::atoi(value.c_str());
    if (flag == "--owner") options.owner = value;
  }
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  sigprocmask(SIG_BLOCK, &ends, nullptr);
  const joulebook::fakes::MockUpstream server(options);
  std::printf("%s\n", server.address().c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  return 0;
}
