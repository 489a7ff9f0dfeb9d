#pragma once
// `study tasks` on the screen: for each task its arms side by side per 1,000 items, what the general
// one takes of the special one's energy, and the 2023 study's figure of that kind of task. Pure.
#include <string>

#include "core/json.h"
#include "report/terminal_table.h"

namespace joulebook {

// `document`: joulebook.tasks/1.
[[nodiscard]] std::string tasks_table(const Json& document, const ScreenStyle& style);

}  // namespace joulebook
