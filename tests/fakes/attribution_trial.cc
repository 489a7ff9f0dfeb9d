#include "fakes/attribution_trial.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace joulebook::fakes {
namespace {

using attribution::kPhases;

double unit(std::mt19937_64& dice) {
  return (static_cast<double>(dice() >> 11U) + 0.5) * 0x1.0p-53;
}

int length(std::mt19937_64& dice, double median, double spread, int least, int most) {
  const double z = std::sqrt(-2 * std::log(unit(dice))) * std::cos(6.283185307179586 * unit(dice));
  return std::clamp(static_cast<int>(median * std::exp(spread * z)), least, most);
}

double quantile(std::vector<double> values, double p) {
  if (values.empty()) return std::nan("");
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(p * static_cast<double>(values.size() - 1) + 0.5)];
}

// What rules that do not look inside would say.
void rivals(const SimulatedTraffic& traffic, const SimulatedRun& run,
            const std::vector<attribution::ActiveEnergy>& windows, std::vector<Scored>& scored) {
  double all = 0, tokens = 0;
  for (const auto& w : windows) all += to_joules(w.active).value();
  const auto of = [&](std::size_t job) {
    return static_cast<double>(traffic.jobs[job].prompt +
                               traffic.jobs[job].choices * run.jobs[job].made);
  };
  for (std::size_t i = 0; i < run.jobs.size(); ++i) tokens += of(i);
  for (Scored& s : scored) {
    s.equal = all / static_cast<double>(run.jobs.size());
    s.tokens = all * of(s.job) / tokens;
  }
  // Wall time: each window by how long each request was open in it.
  std::vector<double> open(windows.size(), 0);
  const auto each = [&](std::size_t job, const auto& use) {
    const JobTruth& t = run.jobs[job];
    for (auto k = static_cast<std::size_t>(t.sent_s);
         k < windows.size() && static_cast<double>(k) < t.ended_s; ++k) {
      const double begin = static_cast<double>(k);
      use(k, std::min(t.ended_s, begin + 1) - std::max(t.sent_s, begin));
    }
  };
  for (std::size_t i = 0; i < run.jobs.size(); ++i)
    each(i, [&](std::size_t k, double s) { open[k] += s; });
  for (Scored& s : scored) {
    each(s.job, [&](std::size_t k, double part) {
      if (open[k] > 0) s.time += to_joules(windows[k].active).value() * part / open[k];
    });
  }
}

Scored score(const attribution::RequestFigures& f, const SimulatedTraffic& traffic,
             const SimulatedRun& run) {
  Scored s{.job = f.request - 1};
  const JobTruth& truth = run.jobs[s.job];
  const SimulatedJob& job = traffic.jobs[s.job];
  s.truth = truth.fair;
  s.phase_truth = truth.phases;
  s.counts =
      job.streamed && job.counted && job.usage && job.cancel_after == 0 && truth.ended_s - truth.sent_s >= 2;
  if (!f.fair.present()) return s;
  s.fair = *f.fair.value;
  s.marginal = *f.marginal.value;
  s.marginal_truth = truth.marginal;
  s.marginal_held = f.marginal.interval().contains(truth.marginal);
  const Interval within = f.fair.interval();
  s.held = within.contains(s.truth);
  s.width = within.width() / s.fair;
  for (std::size_t i = 0; i < kPhases; ++i) {
    s.phase[i] = *f.phases[i].energy.value;
    const Interval phase = f.phases[i].energy.interval();
    s.phase_held[i] = phase.contains(s.phase_truth[i]);
    s.phase_width[i] = s.phase[i] > 0 ? phase.width() / s.phase[i] : 0;
  }
  return s;
}

}  // namespace

std::vector<SimulatedJob> mixed_jobs(const Mix& mix, std::uint64_t seed) {
  std::mt19937_64 dice(seed * 1000003 + 17);
  std::vector<SimulatedJob> jobs(static_cast<std::size_t>(mix.requests));
  for (SimulatedJob& j : jobs) {
    j.prompt = length(dice, mix.prompt, mix.spread, 16, 8000);
    j.output = length(dice, mix.output, mix.spread, 2, 3000);
    if (unit(dice) < mix.cached) j.cached = j.prompt / 2;
    if (unit(dice) < mix.reasoning) j.reasoning = j.output / 2;
    if (unit(dice) < mix.cancelled) j.cancel_after = 1 + j.output / 2;
    if (unit(dice) < mix.unstreamed) j.streamed = false;
    if (mix.bypass > 0) j.bypass = unit(dice) < mix.bypass;
    if (mix.choices > 0 && unit(dice) < mix.choices) j.choices = 3;
    if (mix.uncounted > 0) j.counted = unit(dice) >= mix.uncounted;
    if (mix.usageless > 0) j.usage = unit(dice) >= mix.usageless;
    j.burst = mix.burst;
  }
  return jobs;
}

void add_engine(TrialInput& input, const SimulatedTraffic& traffic, const SimulatedRun& run,
                std::uint32_t upstream, const std::optional<attribution::ServedModel>& model) {
  const auto first = static_cast<attribution::RequestId>(input.run.jobs.size());
  for (attribution::Remark r : run.remarks) {
    r.request += first;
    if (auto* arrived = std::get_if<attribution::Arrived>(&r.what)) arrived->upstream = upstream;
    input.run.remarks.push_back(std::move(r));
  }
  std::stable_sort(input.run.remarks.begin(), input.run.remarks.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  input.traffic.jobs.insert(input.traffic.jobs.end(), traffic.jobs.begin(), traffic.jobs.end());
  input.run.jobs.insert(input.run.jobs.end(), run.jobs.begin(), run.jobs.end());
  input.run.preempted += run.preempted;
  const auto windows = metered(run);
  for (std::size_t i = 0; i < windows.size(); ++i) {
    if (i == input.windows.size()) {
      input.windows.push_back(windows[i]);
      continue;
    }
    attribution::ActiveEnergy& sum = input.windows[i];
    sum.active += windows[i].active;
    sum.energy.value = *sum.energy.value + *windows[i].energy.value;
    sum.energy.own = {sum.energy.own.lo + windows[i].energy.own.lo,
                      sum.energy.own.hi + windows[i].energy.own.hi};
  }
  input.models.resize(std::max<std::size_t>(input.models.size(), upstream + 1));
  input.models[upstream] = model;
}

Trial try_attribution(const SimulatedTraffic& traffic, const SimulatedRun& run, bool known) {
  TrialInput input;
  add_engine(input, traffic, run, 0, known ? std::optional(simulated_model()) : std::nullopt);
  return try_attribution(input);
}

Trial try_attribution(const TrialInput& input) {
  attribution::Options options;
  options.models = input.models;
  options.named = input.named;
  options.routers = input.routers;
  attribution::Attributor attributor(options);
  Trial out;
  std::size_t next = 0, read = 0, page = 0;
  constexpr Nanos kLag = std::chrono::milliseconds(500);  // until the meter knows of it
  const auto told = [&](SteadyTime now) {
    for (; page < input.pages.size() && input.pages[page].end < now; ++page)
      attributor.reading(input.pages[page]);
    for (; read < input.windows.size() && input.windows[read].end + kLag < now; ++read)
      attributor.measured(input.windows[read]);
  };
  const auto& remarks = input.run.remarks;
  for (const auto& w : input.windows) {
    while (next < remarks.size() && !attributor.ready(w.end)) {
      told(remarks[next].at);
      attributor.remark(remarks[next++]);
    }
    if (next == remarks.size()) {
      told(w.end + options.horizon);
      attributor.now(w.end + options.horizon);
    }
    const attribution::Division d = attributor.divide(w);
    out.active += to_joules(w.active).value();
    out.unattributed += to_joules(d.unattributed).value();
    out.other += to_joules(d.other).value();
    if (!d.shares.empty()) out.rule = d.rule;
    for (const auto& f : attributor.settled(w.end))
      out.requests.push_back(score(f, input.traffic, input.run));
  }
  for (std::size_t i = 0; i < input.run.jobs.size(); ++i) {
    if (input.traffic.jobs[i].bypass) out.other_truth += input.run.jobs[i].fair;
  }
  rivals(input.traffic, input.run, input.windows, out.requests);
  return out;
}

Errors errors_of(const Trial& trial, double Scored::* rule) {
  std::vector<double> errors;
  for (const Scored& s : trial.requests) {
    if (s.counts && s.truth > 0) errors.push_back(std::abs(s.*rule / s.truth - 1));
  }
  return {quantile(errors, 0.5), quantile(errors, 0.95)};
}

double coverage(const std::vector<const Scored*>& scored, int phase, double& width) {
  double held = 0, all = 0, wide = 0;
  for (const Scored* s : scored) {
    const auto i = static_cast<std::size_t>(std::max(phase, 0));
    if (phase >= 0 && s->phase_truth[i] <= 0 && s->phase[i] <= 0) continue;
    held += (phase < 0 ? s->held : s->phase_held[i]) ? 1 : 0;
    wide += phase < 0 ? s->width : s->phase_width[i];
    all += 1;
  }
  width = all > 0 ? wide / all : std::nan("");
  return all > 0 ? held / all : std::nan("");
}

namespace {

SimulatedTraffic without(const SimulatedTraffic& traffic, std::size_t job) {
  SimulatedTraffic out = traffic;
  out.jobs.erase(out.jobs.begin() + static_cast<std::ptrdiff_t>(job));
  return out;
}

// Nobody who came after it was at work when the last of those beside it ended.
bool ends_apart(const SimulatedRun& run, std::size_t job) {
  const double end = run.jobs[job].ended_s;
  double last = end;
  for (const JobTruth& other : run.jobs) {
    if (other.sent_s < end) last = std::max(last, other.ended_s);
  }
  return std::none_of(run.jobs.begin(), run.jobs.end(), [&](const JobTruth& other) {
    return other.sent_s >= end && other.sent_s < last && other.ended_s > last;
  });
}

// Mean saving over runs with every arrival moved a little.
double mean_saving(const SimulatedTraffic& traffic, std::size_t job,
                   const SimulatedEngineOptions& options, int runs, std::mt19937_64& dice) {
  constexpr double kMove = 0.05;  // s, width
  double sum = 0;
  for (int k = 0; k < runs; ++k) {
    SimulatedTraffic moved = traffic;
    double before = 0;
    for (SimulatedJob& j : moved.jobs)
      before = j.arrive_s = std::max(before, j.arrive_s + kMove * (unit(dice) - 0.5));
    sum += simulate(moved, options).active_j - simulate(without(moved, job), options).active_j;
  }
  return sum / runs;
}

}  // namespace

MarginalTrial try_marginal(int requests, double rate, std::uint64_t seed, int moved) {
  Mix mix;
  mix.requests = requests;
  mix.cancelled = mix.unstreamed = 0;
  SimulatedTraffic traffic{.jobs = mixed_jobs(mix, seed)};
  std::mt19937_64 dice(seed + 99);
  double at = 0.5;
  for (SimulatedJob& j : traffic.jobs) j.arrive_s = at += -std::log(unit(dice)) / rate;
  // No jitter of steps: what differs between two runs is the request alone.
  const SimulatedEngineOptions options{.seed = seed, .jitter = 0};
  const SimulatedRun run = simulate(traffic, options);
  const Trial trial = try_attribution(traffic, run, true);
  MarginalTrial out;
  std::vector<double> errors, again, apart, oracle;
  const double each = 1.0 / static_cast<double>(trial.requests.size());
  const std::size_t stride = std::max<std::size_t>(trial.requests.size() / 24, 1);
  for (std::size_t i = 0; i < trial.requests.size(); ++i) {
    const Scored& s = trial.requests[i];
    errors.push_back(std::abs(s.marginal / s.marginal_truth - 1));
    out.held += s.marginal_held ? each : 0;
    const double saved = run.active_j - simulate(without(traffic, s.job), options).active_j;
    again.push_back(std::abs(s.marginal / saved - 1));
    if (ends_apart(run, s.job)) apart.push_back(again.back());
    out.below += saved < 0 ? each : 0;
    if (moved > 0 && i % stride == 0)
      oracle.push_back(std::abs(mean_saving(traffic, s.job, options, moved, dice) / saved - 1));
    out.overlap += (run.jobs[s.job].ended_s - run.jobs[s.job].sent_s) / run.end_s;
  }
  out.median = quantile(errors, 0.5);
  out.again = quantile(again, 0.5);
  out.apart = quantile(apart, 0.5);
  out.apart_share = static_cast<double>(apart.size()) * each;
  out.oracle = quantile(oracle, 0.5);
  return out;
}

}  // namespace joulebook::fakes
