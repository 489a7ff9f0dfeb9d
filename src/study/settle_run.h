#pragma once
// A run's document (docs/formats/run.md) as rows of the ledger, by the rules of settle.h: `run`
// sees its meter through the C ABI, so it settles what the document says.
//
// The windows posted are the laps, where there are any, else the whole: they tile. Accounts:
//   CPU side   "self" and "other" by CPU time, the rest to "tree"; the idle share first, to "idle",
//              where a model or a calibration knows it; where nobody does, whoever is busy bears it
//   GPU        all above its calibrated idle share to "tree" where the measured processes hold a
//              context on it
//   else       "unattributed": no rule, CPU time unknown, or a GPU that may be another's
// Where the whole machine is measured there is no tree: what is not Joulebook's own is "other".
// Pure.
#include <string>
#include <vector>

#include "core/json.h"
#include "study/settle.h"

namespace joulebook {

struct SettledWindow {
  Json about;  // name and span, for the ledger
  std::vector<Settlement> settlements;
};

[[nodiscard]] std::vector<SettledWindow> settle_run(const Json& document);

}  // namespace joulebook
