#pragma once
// The plain records of a study: what the runner fills, the ledger keeps and the report shows.
// No behaviour here. JSON of them: docs/formats/study-result.md and docs/schema/study.schema.json.
#include <joulebook/quantity.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/json.h"
#include "engine/engine.h"
#include "meter/window.h"
#include "sensor/sensor.h"

namespace joulebook {

enum class Mode { direct, reason };  // asked to answer at once, or to think first
[[nodiscard]] std::string_view to_string(Mode mode);

// How an answer is checked (docs/formats/prompts.md).
struct Checker {
  enum class Kind { none, exact, number, regex, json, label, spans, wer, cer, rouge_l, nearest };
  Kind kind = Kind::none;
  std::string expected;  // text, number, pattern, id, or a JSON value
  double tolerance = 0;  // number: absolute
  std::optional<double> relative = {};  // number: as a share of `expected`; the larger one counts
  std::optional<double> limit = {};     // spans, rouge_l: least score; wer, cer: greatest rate
  std::optional<std::vector<std::string>> labels = {};  // label: all that there are
  std::optional<std::int64_t> within = {};  // nearest: among the first so many; 1 if not said
  std::optional<std::string> among = {};    // nearest: JSON object of vectors by id
};

struct Prompt {
  std::string id;    // "arithmetic-3"
  std::string kind;  // "ethics", "logic", ...
  std::string text;  // may be empty where there is a file
  Checker checker;
  std::optional<std::string> file = {};  // a picture, a sound, a row of a table, for programs
};

// One arm: a model with its settings.
struct ArmSpec {
  std::string name;
  std::string model;  // path or address
  Mode mode = Mode::direct;
  std::string system;
  Reasoning reasoning = Reasoning::unset;
  double temperature = 0;
  std::int64_t max_tokens = 0;
  std::uint32_t seed = 1;
  EngineOptions engine;
  std::optional<std::string> fixed = {};   // "pp512" or "tg128": work of a given length
  std::optional<std::string> effort = {};  // endpoint: "low", "medium", "high"
  std::optional<std::int64_t> think_budget = {};  // embedded engine: most tokens of thinking
  std::optional<int> answers = {};       // so many answers to each prompt; one is taken
  std::optional<std::string> pick = {};  // "majority", or "best" by the checker: an upper bound
};

struct PhaseRecord {
  PhaseSpan span;
  Quantity energy;  // J, gross, of the span
};

// One prompt run once on one arm. Prompts and answers are kept only where asked (`keep_text`).
struct TrialRecord {
  std::int64_t ordinal = 0;  // in the order of execution, from 0
  std::size_t arm = 0;       // index into StudyResult::arms
  std::size_t prompt = 0;    // index into StudyResult::prompts
  int round = 0;             // repeat number, from 0
  std::uint32_t seed = 0;
  SteadyTime begin;
  SteadyTime end;
  std::vector<PhaseRecord> phases;
  Quantity energy;  // J gross, whole trial; phases sum to it on best values
  Quantity active;  // J above idle
  Tokens prompt_tokens;
  Tokens cached_tokens;
  Tokens reasoning_tokens;
  Tokens answer_tokens;
  bool reasoning_marked = false;
  std::int64_t words = 0;  // of the answer (reasoning apart)
  Finish finish = Finish::stop;
  std::optional<bool> correct;  // empty: not checkable
  std::optional<double> score;  // of checkers that grade: see checker.h
  std::string answer;           // empty unless keep_text
  std::string reasoning;        // likewise
  std::optional<int> well_formed = {};  // of several answers: those that could be read
  std::optional<int> right = {};        // likewise: those that were correct
  std::optional<Error> error;   // the trial failed: no answer, but its time and joules were spent
  double cpu_seconds = -1;      // of the process tree; negative: unknown

  [[nodiscard]] Tokens output_tokens() const { return reasoning_tokens + answer_tokens; }
  [[nodiscard]] Seconds duration() const { return end - begin; }
};

// Silence, measured: power with nothing asked.
struct Baseline {
  std::string what;  // "bare before", "loaded: <model>", "bare after"
  Window window;
  Quantity power;  // W over the total's boundary
};

struct LoadRecord {
  std::size_t arm = 0;
  Window window;
  Quantity energy;  // J to load the model
};

// A figure with the two intervals of a study, told apart.
struct Estimate {
  Quantity these;                 // value; own = interval for these very prompts; shared parts
  std::optional<Interval> alike;  // for prompts like these; empty where it cannot be said
};

// "longer x dearer": token-sum ratio times J/token ratio is the energy ratio.
struct Split {
  Estimate energy;  // all three as B / A, unit "1"
  Estimate longer;
  Estimate dearer;
};

struct ArmResult {
  ArmSpec spec;
  EngineInfo engine;
  std::int64_t trials = 0;  // that were answered
  std::int64_t failed = 0;
  std::int64_t censored = 0;   // hit the token limit
  std::int64_t checkable = 0;  // prompts with a checker, complete in this arm
  double correct = 0;          // sum over checkable prompts of the share of repeats correct
  std::optional<double> score;  // mean over checkable prompts that are graded
  Estimate j_per_response;
  Estimate j_per_output_token;
  Estimate j_per_total_token;
  Estimate j_per_word;
  Estimate j_per_correct;
  Estimate active_per_response;
  std::map<Phase, Quantity> phase_energy;  // J summed over prompts (repeats averaged)
  double output_tokens = 0;                // mean a response (likewise below)
  double reasoning_tokens = 0;
  double answer_tokens = 0;
  double prompt_tokens = 0;
  double words = 0;
  bool reasoning_marked = false;
  double seconds = 0;            // mean a response
  double tokens_per_second = 0;  // output tokens / decode time
  Quantity mean_power;           // W while answering
  std::optional<LoadRecord> load;
  std::optional<Baseline> loaded_silent;
};

struct KindResult {
  std::string kind;
  std::size_t prompts = 0;
  Split split;
  // What thinking bought: correct answers more (may be negative) and J per extra correct answer.
  double extra_correct = 0;
  Quantity j_per_extra_correct;  // an absence ("bought.nothing") where none was gained
};

// Arm B against arm A (A is the study's first arm).
struct Comparison {
  std::size_t a = 0;
  std::size_t b = 0;
  std::size_t prompts = 0;  // complete in both
  Split split;
  std::vector<KindResult> kinds;
  double extra_correct = 0;
  Quantity j_per_extra_correct;
  bool censored = false;
  std::string sentence;  // what was found, and what the data cannot tell
};

// One look of the stopping rule.
struct Look {
  int rounds = 0;
  double half_width = 0;  // relative half-width of the widest energy ratio, these prompts
  double elapsed_s = 0;
  std::string verdict;  // "continue", "narrow enough", "out of rounds", "out of time"
};

struct StoppingSpec {
  int min_rounds = 2;
  int max_rounds = 10;
  double target = 0.02;      // relative half-width of the energy ratio's first interval
  double max_seconds = 240;  // no new round starts that is not expected to end by then
};

struct StudySpec {
  std::string name = "forty";
  std::vector<ArmSpec> arms;
  std::vector<Prompt> prompts;
  std::string prompts_source;  // "built in", or the file
  std::uint64_t seed = 1;
  StoppingSpec stopping;
  double baseline_seconds = 3;
  int warmups = 1;
  bool keep_cache = false;
  bool keep_text = false;
  std::optional<std::string> require = {};  // what is enough: sizing/requirement.h
};

struct StudyResult {
  std::string id;  // "study-20261123T221800-1a2b"
  StudySpec spec;
  Anchor start;
  Anchor end;
  bool complete = true;  // false: interrupted; --resume goes on
  std::vector<ArmResult> arms;
  std::vector<TrialRecord> trials;
  std::vector<Baseline> baselines;
  std::vector<Comparison> comparisons;
  std::vector<Look> looks;
  std::vector<SensorInfo> sensors;
  std::vector<PowerPoint> trace;
  WindowEnergy whole;  // the study's own window, with domains and self
  Quantity drift;      // relative change of bare idle power, unit "1"
  double censored_limit = 0.05;
  std::vector<std::string> warnings;
  std::string sentence;  // the study's one plain line
  std::string version;   // of the Joulebook that made it
  std::string commit;
  std::optional<Json> sizing = {};  // where spec.require is: which arm is enough, sizing/sizing.h
  std::optional<Json> ladder = {};  // what each step of effort or budget bought: sizing/ladder.h
  Json machine;  // facts by name, as in a run's JSON; null: not said
};

}  // namespace joulebook
