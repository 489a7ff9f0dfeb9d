#pragma once
// A study as CSV (RFC 4180, "\n" line ends, UTF-8, a header line): docs/formats/csv.md.
//
// Columns follow the metric table. A quantity takes the columns ID, ID_lo, ID_hi, ID_level,
// ID_tier, ID_boundary and ID_reason, any other metric ID and ID_reason. An absence is an empty
// cell with the reason's code in ID_reason, and a lower bound in ID_lo where one is known; an upper
// end without a bound is "inf". Numbers are the shortest text that reads back the same.
// Pure: no prompt, answer or reasoning text is written.
#include <string>

#include "study/records.h"

namespace joulebook {

[[nodiscard]] std::string trials_csv(const StudyResult& study);  // one row a trial
// One row an arm; quantities also ID_alike_lo and ID_alike_hi, the interval for prompts like these.
[[nodiscard]] std::string arms_csv(const StudyResult& study);

}  // namespace joulebook
