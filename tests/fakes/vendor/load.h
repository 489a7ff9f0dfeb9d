#pragma once
// The load that a fake libcuda.so.1 puts on a fake board: it writes what it does into the file that
// JOULEBOOK_FAKE_LOAD names, and the fake NVML's `power=load:IDLE:CONTEXT:BUSY` follows it. Lines:
//   context FROM     a context exists from FROM on (steady seconds)
//   release AT       no more
//   busy FROM TO     a kernel runs
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

namespace fake_vendor {

static double load_clock() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Span {
  double from = 0, to = 0;
};

struct Load {
  std::vector<Span> contexts, busy;  // each in the order of their beginnings
};

[[maybe_unused]] static Load read_load() {
  Load load;
  const char* path = std::getenv("JOULEBOOK_FAKE_LOAD");
  std::ifstream in(path != nullptr ? path : "");
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string verb;
    Span span{0, std::numeric_limits<double>::infinity()};
    words >> verb >> span.from;
    if (verb == "context") load.contexts.push_back(span);
    if (verb == "release" && !load.contexts.empty()) load.contexts.back().to = span.from;
    if (verb == "busy" && words >> span.to) load.busy.push_back(span);
  }
  return load;
}

// Seconds of the spans before `t`. REQUIRES: they do not overlap.
[[maybe_unused]] static double covered(const std::vector<Span>& spans, double t) {
  double sum = 0;
  for (const Span& span : spans) sum += std::max(0.0, std::min(t, span.to) - span.from);
  return sum;
}

// J over [0, t) of the board's time, which begins at steady second `origin`.
[[maybe_unused]] static double load_joules(double origin, double idle, double context, double busy,
                                           double t) {
  const Load load = read_load();
  return idle * t + (context - idle) * covered(load.contexts, origin + t) +
         (busy - context) * covered(load.busy, origin + t);
}

[[maybe_unused]] static double load_watts(double origin, double idle, double context, double busy,
                                          double t) {
  const Load load = read_load();
  const auto holds = [&](const std::vector<Span>& spans) {
    return std::any_of(spans.begin(), spans.end(), [&](const Span& span) {
      return origin + t >= span.from && origin + t < span.to;
    });
  };
  return holds(load.busy) ? busy : holds(load.contexts) ? context : idle;
}

}  // namespace fake_vendor
