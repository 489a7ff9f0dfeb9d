#pragma once
// Failures are values. Every fallible function of Joulebook returns Result<T>; exceptions of
// libraries are caught where the library is called and never cross a room's boundary.
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace joulebook {

// What went wrong, in the terms of the exit codes (see exit_code).
enum class ErrorKind {
  negative,     // 1: the result says no: a gate failed, a ledger does not verify
  usage,        // 2: the command line or a call's arguments make no sense
  input,        // 3: a file, a model, a prompt or a setting is bad
  no_reading,   // 4: no sensor reading could be had and one was required
  engine,       // 5: an engine or an upstream failed
  resource,     // 6: memory, disk or descriptors ran out
  interrupted,  // 128 + SIGINT: stopped on request
};

// A failure that a person can act on. `code` is a stable dotted word for programs
// ("model.truncated"), `message` says what happened to what, `cure` says what to do about it.
struct Error {
  ErrorKind kind = ErrorKind::input;
  std::string code;
  std::string message;
  std::string cure;

  bool operator==(const Error&) const = default;
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorKind kind, std::string code,
                                                std::string message, std::string cure = {}) {
  return tl::unexpected<Error>(Error{kind, std::move(code), std::move(message), std::move(cure)});
}

// Passes a failure on from a function that returns another type.
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

// The process exit code that an error of this kind ends in.
[[nodiscard]] constexpr int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::negative:
      return 1;
    case ErrorKind::usage:
      return 2;
    case ErrorKind::input:
      return 3;
    case ErrorKind::no_reading:
      return 4;
    case ErrorKind::engine:
      return 5;
    case ErrorKind::resource:
      return 6;
    case ErrorKind::interrupted:
      return 130;
  }
  return 3;
}

// Why a reading is missing. Never an error of the program: absences travel to every output.
struct Reason {
  std::string code;     // "sensor.reset", "sensor.permission", ... (docs/reasons.md lists them)
  std::string message;  // one sentence about this very reading
  std::string cure;     // what would make the reading possible; empty where nothing would

  bool operator==(const Reason&) const = default;
};

}  // namespace joulebook
