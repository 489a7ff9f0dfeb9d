#pragma once
// The machine behind the stand-in for libnvidia-ml.so.1: its boards as the script describes them,
// their power and energy as functions of time. Format of the script: fake_nvml.cc.
//
// Thread safety: none; the caller holds `mutex`.
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <limits>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

namespace fake_nvml {

enum Code { ok = 0, uninitialized = 1, invalid = 2, unsupported = 3, too_small = 7, no_driver = 9 };

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
  int init = ok;
  std::string driver = "550.54.15";
  int references = 0;
  int generation = 0;  // handles of an older one are dead
  bool after_reload = false;
};

// Static, not inline: two variants in one process must not share them.
static Machine machine;
static double told_time = -1;
static std::recursive_mutex mutex;

inline double clock_seconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

inline double seconds() {
  if (told_time >= 0) return told_time;
  if (machine.origin < 0) machine.origin = clock_seconds();
  return clock_seconds() - machine.origin;
}

inline Board parse_board(std::istringstream& words) {
  Board board;
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    if (equals != std::string::npos) board.keys[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return board;
}

inline void parse_line(const std::string& line) {
  std::istringstream words(line.substr(0, line.find('#')));
  std::string verb;
  words >> verb;
  if (verb == "device") machine.boards.push_back(parse_board(words));
  if (verb == "driver") words >> machine.driver;
  if (verb == "init") words >> machine.init;
  if (verb == "reload") words >> machine.gone_from >> machine.gone_to;
  if (double ns = 0; verb == "origin" && words >> ns) machine.origin = ns * 1e-9;
  if (verb == "error") {
    Failure failure;
    words >> failure.device >> failure.call >> failure.code >> failure.from >> failure.to;
    machine.failures.push_back(failure);
  }
}

inline bool load_script() {
  const char* path = std::getenv("JOULEBOOK_FAKE_NVML");
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

inline bool gone() { return seconds() >= machine.gone_from && seconds() < machine.gone_to; }

// "square:10:90:0.5" as its parts.
inline std::vector<std::string> parts_of(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

struct Power {
  double low = 0, high = 0, period = 0;
};

inline Power power_of(const Board& board) {
  const auto parts = parts_of(board.text("power", "constant:100"), ':');
  const auto number = [&](std::size_t i) { return std::atof(parts.at(i).c_str()); };
  if (parts.at(0) == "square") return {number(1), number(2), number(3)};
  return {number(1), number(1), 1};
}

inline double joules(const Power& p, double t) {
  const double cycles = std::floor(t / p.period);
  const double rest = t - cycles * p.period;
  const double half = p.period / 2;
  return cycles * half * (p.low + p.high) + p.high * std::fmin(rest, half) +
         p.low * std::fmax(0, rest - half);
}

inline double watts(const Power& p, double t) {
  return std::fmod(t, p.period) < p.period / 2 ? p.high : p.low;
}

inline double updated(const Board& board) {
  const double tick = board.number("tick", 20) * 1e-3;
  return std::floor(seconds() / tick + 1e-9) * tick;
}

inline double millijoules(const Board& board) {
  const Power power = power_of(board);
  double since = joules(power, updated(board)) * 1e3;
  if (seconds() >= machine.gone_to) return since - joules(power, machine.gone_to) * 1e3;
  return since + board.number("start", 1e6);
}

}  // namespace fake_nvml
