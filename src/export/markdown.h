#pragma once
// A study's result as a Markdown page that can be pasted anywhere: the plain sentence, the arms
// side by side, the ratios split into longer and dearer, what thinking bought by kind, the working
// (machine, sensors, boundary, tier, looks, warnings). Pure; figures from the metric table,
// absences as words. No prompt or answer text is written.
#include <string>
#include <string_view>

#include "study/records.h"

namespace joulebook {

[[nodiscard]] std::string study_markdown(const StudyResult& study);

// Text made safe for a cell of a Markdown table: one line, bars escaped.
[[nodiscard]] std::string markdown_cell(std::string_view text);

}  // namespace joulebook
