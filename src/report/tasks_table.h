#pragma once
// `study tasks` on the screen: for each task its arms side by side per 1,000 items, what the general
// one takes of the special one's energy, and the 2023 study's figure of that kind of task. Pure.
#include <string>

#include "core/json.h"
#include "report/terminal_table.h"

namespace joulebook {

// `document`: joulebook.tasks/1.
[[nodiscard]] std::string tasks_table(const Json& document, const ScreenStyle& style);

// Of a task of it: "surely, 97.2 %": whether the route's arm is enough, and the confidence that it is. "perhaps":
// its value is, but not with the confidence asked for.
[[nodiscard]] std::string enough_text(const Json& task);

// Of a picture, "512 x 512 in 50 steps"; of an arm that drew small ones, "it drew ...; ... is 86× the work".
[[nodiscard]] std::string drawn_text(const Json& picture);
[[nodiscard]] std::string stands_for_text(const Json& arm);

}  // namespace joulebook
