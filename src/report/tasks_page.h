#pragma once
// `study tasks` as one self-contained page: what the general way takes of the special one's energy, task by
// task; every arm's figures; the 2023 study beside them; which arm is enough; a day by the route over tasks.
// No script and no connection. Pure.
#include <string>

#include "core/json.h"

namespace joulebook {

// `document`: joulebook.tasks/1.
[[nodiscard]] std::string tasks_page(const Json& document);

}  // namespace joulebook
