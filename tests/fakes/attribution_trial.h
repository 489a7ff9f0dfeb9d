#pragma once
// The attributor put beside the simulated engine's truth, and beside three rules that others use.
#include <set>
#include <string>
#include <vector>

#include "fakes/simulated_engine.h"

namespace joulebook::fakes {

struct Mix {
  int requests = 400;
  double prompt = 400;  // medians; lengths are log-normal
  double output = 220;
  double spread = 0.8;     // standard deviation of their logarithms
  double cached = 0.3;     // of requests: half of the prompt
  double reasoning = 0.2;  // of requests: half of the answer
  double cancelled = 0.03;
  double unstreamed = 0.05;
  double bypass = 0;      // of requests: not seen on the wire
  double choices = 0;     // of requests: three answers
  double uncounted = 0;   // of requests: usage does not tell of the cache
  double usageless = 0;   // of requests: there is none
  int burst = 1;          // tokens an event
};

[[nodiscard]] std::vector<SimulatedJob> mixed_jobs(const Mix& mix, std::uint64_t seed);

struct Scored {
  std::size_t job = 0;
  bool counts = false;  // streamed, 20 ticks and more, its computed tokens can be seen
  double truth = 0, fair = 0, equal = 0, tokens = 0, time = 0;  // J
  double marginal = 0, marginal_truth = 0;
  bool marginal_held = false;
  bool held = false;  // the truth lies in the interval
  double width = 0;   // of it, over its value
  std::array<double, attribution::kPhases> phase_truth{}, phase{}, phase_width{};
  std::array<bool, attribution::kPhases> phase_held{};
};

struct Trial {
  std::vector<Scored> requests;  // those that ended
  double active = 0;             // J, metered
  double unattributed = 0;
  double other = 0;
  double other_truth = 0;
  std::string rule;  // of the last
};

// What an attributor may be given: several engines' traffic under one meter, pages, models.
struct TrialInput {
  SimulatedTraffic traffic;
  SimulatedRun run;
  std::vector<attribution::ActiveEnergy> windows;
  std::vector<attribution::EngineReading> pages;  // by time
  std::vector<std::optional<attribution::ServedModel>> models;
  std::vector<attribution::Options::Named> named;
  std::set<std::uint32_t> routers;
};
// Adds another engine's, as the next upstream, to what is in it. REQUIRES: it has no pages.
void add_engine(TrialInput& input, const SimulatedTraffic& traffic, const SimulatedRun& run,
                std::uint32_t upstream, const std::optional<attribution::ServedModel>& model);
[[nodiscard]] Trial try_attribution(const TrialInput& input);

// `known`: the attributor is told the model; else it has the traffic alone.
[[nodiscard]] Trial try_attribution(const SimulatedTraffic& traffic, const SimulatedRun& run,
                                    bool known);

struct Errors {
  double median = 0, p95 = 0;
};
// Relative errors of those that count.
[[nodiscard]] Errors errors_of(const Trial& trial, double Scored::* rule);
// Share of intervals that held; a phase below 0: of fair. `width`: their mean.
[[nodiscard]] double coverage(const std::vector<const Scored*>& scored, int phase, double& width);

struct MarginalTrial {
  double median = 0;  // error, relative: of its steps without it
  double again = 0;   // and of the same traffic run again without it
  // The same of those after whom nobody new was at work when the last of their company ended: what
  // they would have saved is then silence, and no other request's.
  double apart = 0, apart_share = 0;
  double below = 0;   // of requests: the run without it took more
  double oracle = 0;  // error of the mean over runs with arrivals moved by 25 ms, against `again`'s
  double width = 0, held = 0;
  double overlap = 0;  // requests at a time, mean
};
// An open loop of so many requests, `rate` a second; each is taken out in turn. `moved`: runs for the
// oracle, of 24 of them; 0: none.
[[nodiscard]] MarginalTrial try_marginal(int requests, double rate, std::uint64_t seed,
                                         int moved = 0);

}  // namespace joulebook::fakes
