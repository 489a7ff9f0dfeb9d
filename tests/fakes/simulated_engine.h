#pragma once
// A serving engine that is not there: continuous batching with a limit, chunked prefill, a prefix
// cache, drafts, cancels, a queue; and what each token of each request cost it, by a cost model of
// its own (not the one that attribution weighs with: other forms, coefficients shaken by 30 to 50
// %, step jitter, host gaps, a power limit). It shows what the wire would show, late by a network's
// jitter, and draws power, read through a counter that updates in ticks. Seeded: the same on every
// machine.
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "attribution/attributor.h"

namespace joulebook::fakes {

struct SimulatedJob {
  double arrive_s = 0;  // open loop only
  int prompt = 100;
  int cached = 0;
  int output = 100;  // the first of them comes with the prompt's end
  int reasoning = 0;
  int cancel_after = 0;  // tokens; 0: not cancelled
  bool fails = false;    // what ends it after so many tokens is the engine, not its client
  bool streamed = true;
  bool counted = true;  // usage says how much of the prompt came from the cache
  bool usage = true;    // there is one
  bool bypass = false;  // does not pass the wire: the engine's page counts it, nobody sees it
  int choices = 1;      // each makes `output` tokens; they share the prompt
  int burst = 1;        // tokens an event
};

struct SimulatedTraffic {
  std::vector<SimulatedJob> jobs;
  int concurrency = 0;  // closed loop of so many; 0: open loop
  double give_up_s = 0;  // at that time the loop's clients close all that is open; 0: they do not
  double pause_s = 3;    // and begin anew so long after
};

// When what a step made is handed over: at its end; at the end of the step after it; at the next of instants
// `flush_s` apart; up to a step's length later, each event by itself.
enum class Delivery { at_once, step_late, flushed, jittered };

struct SimulatedEngineOptions {
  std::uint64_t seed = 1;
  std::uint64_t machine = 0;  // seed of the costs; 0: as `seed`
  int most_running = 256;
  int budget = 512;  // tokens a step, prompts chunked to fit
  int drafts = 0;    // verified a sequence and step beside its token
  double acceptance = 0.6;
  double shake = 1;          // of the coefficients: 0: none
  double jitter = 0.05;      // of a step's time, standard deviation of its logarithm
  double network_s = 0.001;  // mean delay on the wire
  Delivery delivery = Delivery::at_once;
  double flush_s = 0.2;
  bool slow = false;  // costs of a processor: steps of 55 ms and more, in time and energy linear, without a limit
  double idle_w = 100;
  double let_go_s = 0;  // what a client has closed is computed, and counted on the page, for so long, to the end of a step
  bool apart = false;  // prompts are read in steps of their own, while those who decode wait
  // Engines that are nothing like that model: what is common to a step, a decoded token and its context,
  // and a prompt's token cost so many times as much.
  double common_times = 1, decode_times = 1, prompt_times = 1;
  int cache = 0;         // tokens of context that fit; beyond, the newest begins anew; 0: no limit
  double experts_j = 0;  // J of reading the weights of all experts; 0: none
  double chosen = 0;     // of so many, a token
  int experts = 0;
};

struct JobTruth {
  double fair = 0;      // J
  double marginal = 0;  // J: of its steps, less what they take without it, shortened accordingly
  std::array<double, attribution::kPhases> phases{};  // J
  double sent_s = 0, begun_s = 0, ended_s = 0;
  double let_go_s = 0;  // the engine was done with it: later than `ended_s` where the client closed
  bool done = false;
  bool cancelled = false;
  int made = 0;
};

struct PowerSpan {  // a step
  double begin_s, end_s, joules;  // active
  double prompt = 0, output = 0;  // tokens computed and made in it
  int running = 0, waiting = 0;   // requests
};

struct SimulatedRun {
  std::vector<attribution::Remark>
      remarks;  // in the order of the wire; request = index of its job + 1
  std::vector<JobTruth> jobs;
  std::vector<PowerSpan> spans;  // by time
  double end_s = 0;
  double active_j = 0;
  double idle_w = 0;
  int preempted = 0;
};

// What the engine's metrics page says each second, within 5 ms of when it is asked. `at_end`: it counts a
// request's output when it is over, all at once, as llama-server does, and never what was cancelled.
[[nodiscard]] std::vector<attribution::EngineReading> pages_of(const SimulatedRun& run, bool at_end = false);

[[nodiscard]] SimulatedRun simulate(const SimulatedTraffic& traffic,
                                    const SimulatedEngineOptions& options);

// Windows of `length_s` that tile the run, from a counter with that tick, idle taken off; edges
// between ticks are interpolated, as the meter does.
[[nodiscard]] std::vector<attribution::ActiveEnergy> metered(const SimulatedRun& run,
                                                             double length_s = 1,
                                                             double tick_s = 0.1);

// The model that the engine computes with, as its owner would name it.
// `experts`: of each layer, of which a token chooses so many; all of them 20 billion parameters.
[[nodiscard]] attribution::ServedModel simulated_model(int experts = 0, double chosen = 0);

}  // namespace joulebook::fakes
