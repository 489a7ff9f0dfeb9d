#include "study/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "core/version.h"
#include "study/answers.h"
#include "study/checker.h"
#include "study/comparison.h"
#include "study/engines.h"
#include "study/sample.h"
#include "study/schedule.h"
#include "study/sizing/add_sizing.h"
#include "study/spec.h"
#include "study/stopping.h"
#include "study/study_log.h"
#include "study/trial_run.h"

namespace joulebook {
namespace {

constexpr auto kNap = std::chrono::milliseconds(100);  // between two looks at `cancel`
constexpr std::int64_t kWarmupTokens = 32;
constexpr std::size_t kTracePoints = 2000;
constexpr auto kLeastAlone = std::chrono::seconds(1);  // of a sample's time, for thorough arms
constexpr auto kUnmetered = std::chrono::seconds(1);  // that answers of a sample may wait for the meter

using Key = std::tuple<std::size_t, std::size_t, int>;
Key key_of(const TrialRecord& t) { return {t.arm, t.prompt, t.round}; }
Key key_of(const Slot& s) { return {s.arm, s.prompt, s.round}; }

class StudyRun {
 public:
  StudyRun(const StudySpec& spec, const StudyContext& context)
      : spec_(spec),
        context_(context),
        progress_(context.progress != nullptr ? *context.progress : silent_),
        engines_(spec.arms),
        log_(context.ledger, context.format),
        timeline_(context.meter),
        rule_(spec.stopping),
        prompts_(spec.prompts.size()) {}

  Result<StudyResult> run() {
    if (auto ok = prepare(); !ok) return fail(std::move(ok.error()));
    if (auto ok = set_up(); !ok) return fail(std::move(ok.error()));
    if (auto ok = rounds(); !ok) return fail(std::move(ok.error()));
    if (auto ok = take_down(); !ok) return fail(std::move(ok.error()));
    return finish();
  }

 private:
  [[nodiscard]] bool cancelled() const {
    return context_.cancel != nullptr && context_.cancel->load(std::memory_order_relaxed);
  }

  void warn(std::string text) {
    if (std::ranges::find(result_.warnings, text) != result_.warnings.end()) return;
    progress_.on_warning(text);
    result_.warnings.push_back(std::move(text));
  }

  // The run's identity, and what an earlier session has done.
  Status prepare() {
    result_.spec = spec_;
    result_.version = build_version();
    result_.commit = build_commit();
    result_.machine = context_.machine;
    begin_ = timeline_.edge();
    result_.start = context_.clock.anchor();
    result_.arms.resize(spec_.arms.size());
    for (std::size_t a = 0; a < spec_.arms.size(); ++a) result_.arms[a].spec = spec_.arms[a];
    meters_.resize(spec_.arms.size());
    if (!context_.resume) return log_.begin(spec_, result_.start);
    auto earlier = log_.go_on(*context_.resume);
    if (!earlier) return fail(std::move(earlier.error()));
    result_.trials = std::move(earlier->trials);
    result_.baselines = std::move(earlier->baselines);
    if (earlier->start) result_.start = *earlier->start;
    for (const auto& t : result_.trials) done_.insert(key_of(t));
    warn(
        "the study was interrupted and resumed: the power trace and the totals by domain cover its "
        "last session");
    return {};
  }

  Status set_up() {
    context_.meter.watch_processes(engines_.pids(context_.find_pids));
    progress_.on_phase("idle, nothing loaded");
    if (auto ok = silence("bare before", "idle.bare"); !ok) return fail(std::move(ok.error()));
    for (std::size_t i = 0; i < engines_.size() && !cancelled(); ++i) {
      if (auto ok = load(i); !ok) return ok;
    }
    for (std::size_t i = 0; i < engines_.size() && !cancelled(); ++i) {
      if (auto ok = warm_up(engines_.at(i)); !ok) return ok;
    }
    return {};
  }

  // Measures power with nothing asked for. Empty where the study asks for none, or was cancelled.
  Result<std::optional<Baseline>> silence(const std::string& what, const std::string& account) {
    if (spec_.baseline_seconds <= 0 || cancelled()) return std::nullopt;
    const SteadyTime begin = context_.clock.now();
    const SteadyTime end =
        begin + std::chrono::duration_cast<Nanos>(Seconds(spec_.baseline_seconds));
    for (SteadyTime t = begin; t < end && !cancelled();) {
      t = std::min(end, t + kNap);
      context_.clock.sleep_until(t);
    }
    if (cancelled()) return std::nullopt;
    timeline_.close("before silence", begin, {});
    const WindowEnergy energy = timeline_.close_silence(what, end, account);
    Baseline baseline{what, energy.window, mean_power(energy)};
    result_.baselines.push_back(baseline);
    if (auto ok = log_.window(baseline, timeline_.take()); !ok) return fail(std::move(ok.error()));
    return baseline;
  }

  Status load(std::size_t index) {
    EngineSet::Loaded& loaded = engines_.at(index);
    const ArmSpec& arm = spec_.arms[loaded.arms.front()];
    progress_.on_phase("loading " + (arm.engine.command ? arm.name : arm.model));
    const SteadyTime begin = context_.clock.now();
    if (auto ok = engines_.load(index, arm, context_.open_engine); !ok) {
      return lose(loaded.arms, ok.error());
    }
    const SteadyTime end = context_.clock.now();
    timeline_.close("before loading", begin, {});
    const WindowEnergy energy = timeline_.close("load", end, "load");
    const EngineInfo info = loaded.engine->info();
    context_.meter.watch_processes(engines_.pids(context_.find_pids));
    if (auto ok = log_.window("load: " + loaded.label, energy.window, timeline_.take()); !ok) {
      return ok;
    }
    progress_.on_phase("idle, " + loaded.label + " loaded");
    auto silent = silence("loaded: " + loaded.label, "idle.resident");
    if (!silent) return fail(std::move(silent.error()));
    for (const auto& text : info.warnings) warn(loaded.label + ": " + text);
    describe(loaded, energy, *silent);
    return {};
  }

  // Goes on without these arms where somebody wants to be told; else passes the error on.
  Status lose(const std::vector<std::size_t>& arms, const Error& error) {
    if (!context_.on_lost) return fail(error);
    for (const std::size_t arm : arms) {
      lost_.insert(arm);
      if (sample_) sample_->drop(arm);
      warn(fmt::format("{} was given up: {}", spec_.arms[arm].name, error.message));
      context_.on_lost(arm, error);
    }
    return {};
  }

  // Tells every arm of an engine how it was loaded and what it is metered by.
  void describe(const EngineSet::Loaded& loaded, const WindowEnergy& load,
                const std::optional<Baseline>& silent) {
    const EngineInfo info = loaded.engine->info();
    for (const std::size_t a : loaded.arms) {
      ArmResult& arm = result_.arms[a];
      arm.engine = info;
      meters_[a] = {loaded.label, info.local, std::nullopt};
      if (!info.local) continue;
      arm.load = LoadRecord{a, load.window, settled_total(load)};
      arm.loaded_silent = silent;
    }
    // What is loaded later adds to the floor of all.
    for (auto& meter : meters_) {
      if (silent) meter.floor = silent->power;
    }
  }

  Status warm_up(EngineSet::Loaded& loaded) {
    if (spec_.warmups <= 0 || !loaded.engine) return {};
    progress_.on_phase("warming up " + loaded.label);
    for (int i = 0; i < spec_.warmups && !cancelled(); ++i) {
      GenerateRequest request = request_for(spec_, {loaded.arms.front(), 0, 0}, context_.cancel);
      request.max_tokens = std::min(request.max_tokens, kWarmupTokens);
      const SteadyTime begin = context_.clock.now();
      // A model that cannot answer says so again, and is counted, in its first trial.
      const auto answer = loaded.engine->generate_one(request);
      if (!answer) warn(fmt::format("warm-up of {}: {}", loaded.label, answer.error().message));
      const SteadyTime end = context_.clock.now();
      timeline_.close("before warm-up", begin, {});
      timeline_.close("warm-up", end,
                      fmt::format("request:{}-warmup-{}-{}", log_.run(), loaded.label, i));
    }
    return {};
  }

  Status rounds() {
    first_trial_ = context_.clock.now();
    if (context_.until) {
      sample_.emplace(SampleSpec{spec_.arms.size(), prompts_, spec_.seed, context_.thorough,
                                 spec_.stopping.min_rounds, first_trial_, *context_.until,
                                 kLeastAlone});
      for (const std::size_t arm : lost_) sample_->drop(arm);
    }
    for (int round = 0; !rule_.done() && !cancelled(); ++round) {
      progress_.on_phase(fmt::format("round {}", round + 1));
      if (auto ok = sample_ ? sample_round(round) : one_round(round); !ok) return ok;
      if (cancelled()) break;
      look(round);
    }
    result_.looks = rule_.looks();
    return {};
  }

  Status one_round(int round) {
    for (const Slot& slot : round_order(spec_.arms.size(), prompts_, spec_.seed, round)) {
      if (cancelled()) return {};
      if (done_.contains(key_of(slot)) || lost_.contains(slot.arm)) continue;
      if (auto ok = ask(slot); !ok) return ok;
      if (auto ok = meter_asked(); !ok) return ok;
    }
    return {};
  }

  // Answers of milliseconds are metered some at a time: each look at the meter waits for its tick.
  Status sample_round(int round) {
    sample_->begin(round, context_.clock.now());
    while (const auto slot = sample_->next(context_.clock.now())) {
      if (cancelled()) break;
      if (auto ok = ask(*slot); !ok) return ok;
      if (asked_.empty()) continue;
      const bool long_ago = context_.clock.now() - asked_.front().trial.begin > kUnmetered;
      if (!asked_.back().trial.error && !long_ago) continue;
      if (auto ok = meter_asked(); !ok) return ok;
    }
    if (auto ok = meter_asked(); !ok) return ok;
    prompts_ = sample_->asked();
    result_.spec.prompts.resize(prompts_);
    return {};
  }

  void look(int round) {
    std::vector<TrialRecord> seen;
    for (const auto& t : result_.trials) {
      if (t.round <= round) seen.push_back(t);
    }
    rule_.look(round + 1, widest_half_width(spec_, seen),
               Seconds(context_.clock.now() - first_trial_).count());
  }

  [[nodiscard]] std::string account_of(std::int64_t ordinal) const {
    return fmt::format("request:{}-{}", log_.run(), ordinal);
  }
  // What was said; its joules are looked up by meter_asked().
  Status ask(const Slot& slot) {
    const auto ordinal = static_cast<std::int64_t>(result_.trials.size() + asked_.size());
    const SteadyTime begin = context_.clock.now();
    context_.meter.edge(begin);  // the trial's own comes a moment later, and its end within what a mark opens
    auto got = ask_arm(*engines_.of_arm(slot.arm).engine, spec_, slot, context_.cancel);
    Result<Generation> generation = got ? Result<Generation>(std::move(got->generation))
                                        : Result<Generation>(fail(got.error()));
    if (stopped(generation)) {
      // Not a trial of the study, but its joules were used.
      const SteadyTime end = context_.clock.now();
      if (auto ok = meter_asked(); !ok) return ok;
      timeline_.close("cancelled trial", end, account_of(ordinal));
      return {};
    }
    Asked asked{generation ? record_of(spec_, slot, *generation)
                           : failed_record(spec_, slot, {"", begin, context_.clock.now()},
                                           generation.error()),
                generation ? generation->warnings : std::vector<std::string>{}};
    asked.trial.ordinal = ordinal;
    if (got) {
      asked.trial.well_formed = got->well_formed;
      asked.trial.right = got->right;
    }
    asked_.push_back(std::move(asked));
    return {};
  }
  Status meter_asked() {
    if (!asked_.empty()) timeline_.settle(asked_.back().trial.end);
    for (Asked& asked : std::exchange(asked_, {})) {
      TrialRecord& trial = asked.trial;
      meter_trial(trial, meters_[trial.arm], context_.meter, timeline_, account_of(trial.ordinal));
      for (const auto& text : asked.warnings) warn(spec_.arms[trial.arm].name + ": " + text);
      if (auto ok = log_.trial(trial, timeline_.take()); !ok) return ok;
      done_.insert(key_of(trial));
      result_.trials.push_back(trial);
      tell();
      if (auto ok = check_failures(trial); !ok) return ok;
    }
    return {};
  }

  static bool stopped(const Result<Generation>& generation) {
    return generation ? generation->finish == Finish::cancelled
                      : generation.error().kind == ErrorKind::interrupted;
  }

  void tell() {
    const auto per_round = static_cast<std::int64_t>(spec_.arms.size() * prompts_);
    const auto done = static_cast<std::int64_t>(result_.trials.size());
    const std::int64_t rounds =
        std::max<std::int64_t>(spec_.stopping.min_rounds, (done + per_round - 1) / per_round);
    ++told_;
    const double pace =
        Seconds(context_.clock.now() - first_trial_).count() / static_cast<double>(told_);
    std::int64_t total = rounds * per_round;
    double left = pace * static_cast<double>(total - done) + spec_.baseline_seconds;
    if (context_.until) {  // as many as the time allows, by the pace so far
      left = std::min(left, std::max(0.0, Seconds(*context_.until - context_.clock.now()).count()));
      total = std::min(total, done + static_cast<std::int64_t>(left / std::max(pace, 1e-6)));
    }
    progress_.on_trial(result_.trials.back(), done, total, left);
  }

  [[nodiscard]] Error given_up(const TrialRecord& trial, int failures) const {
    Error error = *trial.error;
    error.message = fmt::format("arm '{}' failed {} times in a row, last with: {}",
                                spec_.arms[trial.arm].name, failures, error.message);
    return error;
  }

  Status check_failures(const TrialRecord& trial) {
    int& failures = failures_[trial.arm];
    const bool blames_engine = trial.error && trial.error->kind != ErrorKind::input;
    failures = blames_engine ? failures + 1 : 0;
    if (failures < kMostFailures) return {};
    if (context_.on_lost) return lose({trial.arm}, given_up(trial, failures));
    result_.complete = false;
    if (auto ok = take_down(); !ok) return ok;
    if (auto ended = finish(); !ended) return fail(std::move(ended.error()));
    Error error = given_up(trial, failures);
    error.cure += error.cure.empty() ? "go on with --resume" : "; then go on with --resume";
    return fail(std::move(error));
  }

  Status take_down() {
    for (std::size_t a = 0; a < spec_.arms.size(); ++a) {
      if (auto& engine = engines_.of_arm(a).engine) result_.arms[a].engine = engine->info();
    }
    for (const auto& text : engines_.warnings(context_.find_pids)) warn(text);
    engines_.unload();
    progress_.on_phase("idle, everything unloaded");
    auto after = silence("bare after", "idle.bare");
    if (!after) return fail(std::move(after.error()));
    const SteadyTime begin = timeline_.edge();
    const WindowEnergy rest = timeline_.close("end", context_.clock.now(), {});
    return begin < rest.window.end ? log_.window("end", rest.window, timeline_.take()) : Status{};
  }

  Result<StudyResult> finish() {
    result_.id = log_.run();
    if (cancelled()) result_.complete = false;
    result_.end = context_.clock.anchor();
    const SteadyTime end = timeline_.edge();
    result_.whole = context_.meter.energy({"study", begin_, end});
    result_.trace = context_.meter.trace(begin_, end, kTracePoints);
    result_.sensors = context_.meter.sensors();
    for (const auto& text : result_.whole.warnings) warn(text);
    analyse(result_);
    if (auto ok = add_sizing(result_); !ok) {
      warn(fmt::format("what is enough can't be said: {}", ok.error().message));
    }
    if (auto ok = log_.end(result_); !ok) return fail(std::move(ok.error()));
    return std::move(result_);
  }

  const StudySpec& spec_;
  const StudyContext& context_;
  Progress silent_;
  Progress& progress_;
  EngineSet engines_;
  StudyLog log_;
  Timeline timeline_;
  StoppingRule rule_;
  std::size_t prompts_;  // the first so many are asked
  std::optional<SamplePlan> sample_;
  struct Asked {
    TrialRecord trial;
    std::vector<std::string> warnings;
  };
  std::vector<Asked> asked_;  // not metered yet
  StudyResult result_;
  SteadyTime begin_;
  SteadyTime first_trial_;
  std::vector<ArmMeter> meters_;  // by arm
  std::set<Key> done_;
  std::map<std::size_t, int> failures_;  // in a row, by arm
  std::set<std::size_t> lost_;           // arms that are not asked any more
  std::int64_t told_ = 0;
};

}  // namespace

Result<StudyResult> run_study(const StudySpec& spec, const StudyContext& context) {
  if (auto ok = validate(spec); !ok) return fail(std::move(ok.error()));
  return StudyRun(spec, context).run();
}

}  // namespace joulebook
