#pragma once
// A model energy card on a terminal. Pure.
#include <string>

#include "core/json.h"
#include "report/terminal_table.h"

namespace joulebook {

[[nodiscard]] std::string card_table(const Json& card, const ScreenStyle& style);

}  // namespace joulebook
