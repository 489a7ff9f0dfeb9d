#pragma once
// The machine behind the stand-ins for vendors' libraries (NVML, AMD SMI, ROCm SMI, Level Zero):
// its boards as a script describes them, their power and energy as functions of time in closed
// form, so that the true energy is known. One script a library, named by an environment variable.
//
// Statements, one a line; `#` to the end of a line is a comment:
//   origin NS             steady nanoseconds at which the boards' time is 0 (default: first use)
//   wall NS               wall-clock nanoseconds at the boards' time 0 (default: the real ones)
//   driver TEXT           the driver's version
//   init CODE             the library's start fails with CODE
//   device KEY=VALUE...   one board more. Keys that every library knows, all optional:
//     uuid= name= (underscores are blanks) pci=0000:01:00.0 limit=WATTS
//     power=constant:WATTS | square:LOW:HIGH:SECONDS | ramp:FROM:TO:SECONDS |
//     load:IDLE:CONTEXT:BUSY
//                           steady watts as a function of time; `load` follows a fake libcuda.so.1
//     tick=MS (default 20) of counter and gauges; start=MILLIJOULES of the counter (default 1e6)
//     gain=FACTOR of the counter against the power (default 1: they agree)
//     freeze=FROM:TO        the counter stands still for these seconds, then goes on from there
//     jump=AT:MILLIJOULES   it steps at AT (negative: backwards)
//     energy=0 usage=0      not supported
//     pids=1,2              who holds a context
//   error DEVICE CALL CODE FROM TO   CALL fails with CODE for FROM <= t < TO seconds; `any`: all
//   reload FROM TO        the driver is gone for FROM <= t < TO seconds; then counters start at 0
//                         and old handles are dead until the library is started again
// Further keys stand at each library's source.
//
// Time is CLOCK_MONOTONIC unless a test tells another one (told_time; negative: the clock's).
// Thread safety: none; the caller holds `mutex`. Everything is static, not inline: two libraries in
// one process must not share it.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iomanip>
#include <limits>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include "load.h"

namespace fake_vendor {

struct Board {
  std::map<std::string, std::string> keys;
  [[nodiscard]] std::string text(const std::string& key, const std::string& fallback = {}) const {
    const auto found = keys.find(key);
    return found == keys.end() ? fallback : found->second;
  }
  [[nodiscard]] double number(const std::string& key, double fallback) const {
    const auto found = keys.find(key);
    return found == keys.end() ? fallback : std::atof(found->second.c_str());
  }
  // "Fake_GPU" of a name= key, its underscores blanks.
  [[nodiscard]] std::string name(const std::string& fallback) const {
    std::string name = text("name", fallback);
    std::replace(name.begin(), name.end(), '_', ' ');
    return name;
  }
};

struct Failure {
  unsigned device = 0;
  std::string call;
  int code = 0;
  double from = 0, to = 0;
};

struct Machine {
  std::vector<Board> boards;
  std::vector<Failure> failures;
  double gone_from = std::numeric_limits<double>::infinity();
  double gone_to = std::numeric_limits<double>::infinity();
  double origin = -1;
  double wall_ns = -1;
  int init = 0;
  std::string driver = "550.54.15";
  int references = 0;
  int generation = 0;  // handles of an older one are dead
  bool after_reload = false;
};

static Machine machine;
static double told_time = -1;
static std::recursive_mutex mutex;

[[maybe_unused]] static double clock_seconds() { return load_clock(); }

[[maybe_unused]] static double seconds() {
  if (told_time >= 0) return told_time;
  if (machine.origin < 0) machine.origin = clock_seconds();
  return clock_seconds() - machine.origin;
}

[[maybe_unused]] static Board parse_board(std::istringstream& words) {
  Board board;
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    if (equals != std::string::npos) board.keys[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return board;
}

[[maybe_unused]] static void parse_line(const std::string& line) {
  std::istringstream words(line.substr(0, line.find('#')));
  std::string verb;
  words >> verb;
  if (verb == "device") machine.boards.push_back(parse_board(words));
  if (verb == "driver") words >> machine.driver;
  if (verb == "init") words >> std::setbase(0) >> machine.init;
  if (verb == "reload") words >> machine.gone_from >> machine.gone_to;
  if (verb == "wall") words >> machine.wall_ns;
  if (double ns = 0; verb == "origin" && words >> ns) machine.origin = ns * 1e-9;
  if (verb == "error") {
    Failure failure;
    words >> failure.device >> failure.call >> std::setbase(0) >> failure.code >>
        std::setbase(10) >> failure.from >> failure.to;
    machine.failures.push_back(failure);
  }
}

// Reads the script that the environment variable names; false where there is none.
[[maybe_unused]] static bool load_script(const char* variable) {
  const char* path = std::getenv(variable);
  std::ifstream in(path != nullptr ? path : "");
  if (!in) return false;
  Machine fresh;
  fresh.references = machine.references;
  fresh.generation = machine.generation;
  fresh.origin = machine.origin;
  machine = std::move(fresh);
  for (std::string line; std::getline(in, line);) parse_line(line);
  return true;
}

[[maybe_unused]] static bool gone() {
  return seconds() >= machine.gone_from && seconds() < machine.gone_to;
}
[[maybe_unused]] static bool reloaded() { return seconds() >= machine.gone_to; }

// The code that a call on a board fails with just now; 0: none.
[[maybe_unused]] static int scripted_failure(std::size_t device, const char* call) {
  const double t = seconds();
  for (const Failure& failure : machine.failures) {
    const bool named = failure.call == "any" || failure.call == call;
    if (failure.device == device && named && t >= failure.from && t < failure.to) {
      return failure.code;
    }
  }
  return 0;
}

// "square:10:90:0.5" as its parts.
[[maybe_unused]] static std::vector<std::string> parts_of(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

struct Power {
  enum class Form { square, ramp, load } form = Form::square;
  double low = 0, high = 0, period = 1;  // load: idle, with a context, and busy as `period`
};

[[maybe_unused]] static Power power_of(const Board& board) {
  const auto parts = parts_of(board.text("power", "constant:100"), ':');
  const auto number = [&](std::size_t i) { return std::atof(parts.at(i).c_str()); };
  if (parts.at(0) == "square") return {Power::Form::square, number(1), number(2), number(3)};
  if (parts.at(0) == "ramp") return {Power::Form::ramp, number(1), number(2), number(3)};
  if (parts.at(0) == "load") return {Power::Form::load, number(1), number(2), number(3)};
  return {Power::Form::square, number(1), number(1), 1};
}

[[maybe_unused]] static double square_joules(const Power& p, double t) {
  const double cycles = std::floor(t / p.period);
  const double rest = t - cycles * p.period;
  const double half = p.period / 2;
  return cycles * half * (p.low + p.high) + p.high * std::fmin(rest, half) +
         p.low * std::fmax(0, rest - half);
}

[[maybe_unused]] static double ramp_joules(const Power& p, double t) {
  const double inside = std::fmin(t, p.period);
  const double slope = (p.high - p.low) / p.period;
  return p.low * inside + slope * inside * inside / 2 + p.high * std::fmax(0, t - p.period);
}

// J over [0, t).
[[maybe_unused]] static double joules(const Power& p, double t) {
  if (p.form == Power::Form::ramp) return ramp_joules(p, t);
  if (p.form == Power::Form::square) return square_joules(p, t);
  return load_joules(machine.origin, p.low, p.high, p.period, t);
}

[[maybe_unused]] static double watts(const Power& p, double t) {
  if (p.form == Power::Form::load) return load_watts(machine.origin, p.low, p.high, p.period, t);
  if (p.form == Power::Form::ramp) {
    return p.low + (p.high - p.low) * std::fmin(1, std::fmax(0, t) / p.period);
  }
  return std::fmod(t, p.period) < p.period / 2 ? p.high : p.low;
}

// The instant of the board's newest update.
[[maybe_unused]] static double updated(const Board& board) {
  const double tick = board.number("tick", 20) * 1e-3;
  return std::floor(seconds() / tick + 1e-9) * tick;
}

// J since the boards' time 0 as the counter sees them: what fell into a freeze is not counted.
[[maybe_unused]] static double counted_joules(const Board& board, double t) {
  const Power power = power_of(board);
  double sum = joules(power, t);
  const auto freeze = parts_of(board.text("freeze"), ':');
  if (freeze.size() == 2) {
    const double from = std::fmin(t, std::atof(freeze[0].c_str()));
    const double to = std::fmin(t, std::atof(freeze[1].c_str()));
    sum -= joules(power, to) - joules(power, from);
  }
  return sum * board.number("gain", 1);
}

// The counter, in mJ; starts at 0 with the driver after a reload.
[[maybe_unused]] static double millijoules(const Board& board) {
  double sum = counted_joules(board, updated(board)) * 1e3;
  const auto jump = parts_of(board.text("jump"), ':');
  if (jump.size() == 2 && seconds() >= std::atof(jump[0].c_str())) {
    sum += std::atof(jump[1].c_str());
  }
  if (reloaded()) return sum - counted_joules(board, machine.gone_to) * 1e3;
  return sum + board.number("start", 1e6);
}

[[maybe_unused]] static double gauge_watts(const Board& board) {
  return watts(power_of(board), updated(board));
}

// Copies text with its end into `size` bytes; false where it does not fit.
[[maybe_unused]] static bool copy_text(const std::string& text, char* to, std::size_t size) {
  if (text.size() + 1 > size) return false;
  std::memcpy(to, text.c_str(), text.size() + 1);
  return true;
}

struct Pci {
  unsigned domain = 0, bus = 0, device = 0, function = 0;
};

[[maybe_unused]] static Pci pci_of(const Board& board, std::size_t index) {
  Pci at{0, static_cast<unsigned>(index + 1), 0, 0};
  std::sscanf(board.text("pci").c_str(), "%x:%x:%x.%x", &at.domain, &at.bus, &at.device,
              &at.function);
  return at;
}

}  // namespace fake_vendor
