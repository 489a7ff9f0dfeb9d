#pragma once
// Records held against a replay of their raw samples. Inside of the card floor.
#include <joulebook/result.h>

#include "export/card/verify.h"
#include "export/card/verify_rows.h"

namespace joulebook::card {

// Every figure of a run; the words of its command may have been left out. Errors: those of the replay.
[[nodiscard]] Status replay_run(const Json& document, std::string_view trace, const Replay& replay, const Tell& tell);

// The energy of each phase of each trial: value and own interval. (Its shared parts are named anew by what
// the engine computed, which no sample says; what stands above idle takes floors beside the samples.)
[[nodiscard]] Status replay_trials(const Json& document, std::string_view trace, const Replay& replay,
                                   const Tell& tell);

}  // namespace joulebook::card
