#pragma once
// Runs a study: loads the models, measures silence before and after, runs every prompt on every arm
// in a seeded random order, meters each trial by phase, checks the answers, and hands each trial to
// the ledger as it ends.
//
// Time is cut into windows that tile (timeline.h), so that every microjoule between start and end
// is posted to some account: request:<run>-<ordinal> for a trial, idle.bare and idle.resident,
// load, self, other, unattributed.
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/json.h"
#include "ledger/ledger.h"
#include "meter/meter.h"
#include "study/progress.h"
#include "study/records.h"

namespace joulebook {

// How records become JSON for the ledger and back. The format itself belongs to `export`, which
// lies above this room; whoever calls hands it down.
struct StudyFormat {
  std::function<Json(const StudySpec&)> spec;
  std::function<Result<StudySpec>(const Json&)> read_spec;
  std::function<Json(const TrialRecord&)> trial;
  std::function<Result<TrialRecord>(const Json&)> read_trial;
  std::function<Json(const StudyResult&)> result;
};

using EngineFactory = std::function<Result<std::unique_ptr<Engine>>(const std::string& model,
                                                                    const EngineOptions& options)>;

// Everything a study needs from outside. References outlive the call.
struct StudyContext {
  Meter& meter;  // started
  Clock& clock;
  EngineFactory open_engine;
  Ledger* ledger = nullptr;  // null: nothing is kept
  StudyFormat format;        // needed only with a ledger
  Progress* progress = nullptr;
  const std::atomic<bool>* cancel = nullptr;  // true: stop after the token in flight
  std::optional<std::string> resume;          // id of an unfinished run in the ledger
  // Processes that listen at the address of an endpoint on this machine; may be empty.
  std::function<std::vector<int>(const std::string& address)> find_pids;
  Json machine;  // for StudyResult::machine
  // A study of a sample: prompts are taken as they stand, and those that the first of min_rounds
  // rounds does not reach in its part of the time until then are left out of the result. At least one
  // is asked of each arm.
  std::optional<SteadyTime> until;
  // Of a sample, by arm: answers all prompts, as far as time goes, and not as many as the slowest arm
  // (SamplePlan, sample.h). Empty: no arm.
  std::vector<bool> thorough;
  // An arm that can't be loaded, or fails kMostFailures times in a row, is told here and not asked any
  // more; the others go on. Empty: it ends the study.
  std::function<void(std::size_t arm, const Error& error)> on_lost;
};

// After this many failures of one arm in a row that blame its engine the study stops, or goes on
// without it.
inline constexpr int kMostFailures = 3;

// A trial that fails is recorded with its error and the study goes on. Interrupted by `cancel`, it
// returns what was done with complete = false; the trial in flight is not part of it.
// Resuming: `spec` must come from resumable_spec() of the same run.
// Errors: as validate(spec), the engine factory and the ledger; engine: an arm that failed
// kMostFailures times in a row (what was done stays in the ledger, to be resumed).
[[nodiscard]] Result<StudyResult> run_study(const StudySpec& spec, const StudyContext& context);

}  // namespace joulebook
