#pragma once
// The first question: one prompt, asked once or a few times, with what each answer took.
#include <atomic>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "ledger/ledger.h"
#include "meter/meter.h"
#include "study/records.h"

namespace joulebook {

struct AskSpec {
  ArmSpec arm;
  std::string prompt;
  int repeats = 1;
  bool keep_text = false;
};

struct AskResult {
  std::vector<TrialRecord> trials;  // one a repeat
  TrialRecord mean;                 // what one answer took, averaged over the repeats
  std::vector<Settlement> settlements;
  bool cancelled = false;
  // Set where one window cannot say much: how often to repeat for a useful interval.
  std::optional<int> repeat_advice;
};

// `metered` false: the engine runs elsewhere, and every energy is an absence.
// `on_token` sees the first repeat's output as it streams; may be empty.
// Errors: as Engine::generate.
[[nodiscard]] Result<AskResult> ask_engine(Engine& engine, Meter& meter, const AskSpec& spec,
                                           bool metered, const std::atomic<bool>* cancel,
                                           const std::function<void(const TokenEvent&)>& on_token);

// What one answer took: tokens, times and energies averaged over trials. Phases are matched by
// kind. REQUIRES: trials is not empty.
[[nodiscard]] TrialRecord mean_of(const std::vector<TrialRecord>& trials);

}  // namespace joulebook
