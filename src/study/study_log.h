#pragma once
// A study in the ledger: a row for each trial and for each window beside them (silence, loading),
// and reading them back to go on. Rows: docs/formats/study.md, "In the ledger".
//
// Not thread-safe. Without a ledger every call does nothing and succeeds.
#include <optional>
#include <string>
#include <vector>

#include "study/runner.h"

namespace joulebook {

// What an earlier session of a study left behind.
struct EarlierSession {
  std::vector<TrialRecord> trials;
  std::vector<Baseline> baselines;
  std::optional<Anchor> start;
};

class StudyLog {
 public:
  StudyLog(Ledger* ledger, const StudyFormat& format) : ledger_(ledger), format_(format) {}

  // Begins a run, or goes on with the one named. Errors: as the ledger.
  [[nodiscard]] Status begin(const StudySpec& spec, const Anchor& start);
  [[nodiscard]] Result<EarlierSession> go_on(const std::string& run);

  [[nodiscard]] Status trial(const TrialRecord& trial, const std::vector<Settlement>& settlements);
  [[nodiscard]] Status window(const Baseline& silence, const std::vector<Settlement>& settlements);
  [[nodiscard]] Status window(const std::string& what, const Window& window,
                              const std::vector<Settlement>& settlements);
  // Texts are left out as in stored().
  [[nodiscard]] Status end(const StudyResult& result);

  [[nodiscard]] const std::string& run() const { return run_; }

 private:
  [[nodiscard]] Status add(const Json& row, const std::vector<Settlement>& settlements);

  Ledger* ledger_;
  const StudyFormat& format_;
  std::string run_;
  std::int64_t rows_ = 0;
};

// The specification as it may be kept: texts and expected answers of the user's own prompts only
// where the study keeps texts.
[[nodiscard]] StudySpec stored(StudySpec spec);

// The specification of an unfinished run with its prompts, read again from where they came from.
// Errors: as the ledger; input "study.prompts_changed" where the prompts are not those of the run.
[[nodiscard]] Result<StudySpec> resumable_spec(const Ledger& ledger, const std::string& run,
                                               const StudyFormat& format);

}  // namespace joulebook
