#pragma once
// One metered request, and what a gateway's run came to, on the screen. Pure.
#include <string>

#include "core/json.h"
#include "report/terminal_table.h"

namespace joulebook {

// `show REQUEST`: request_json's document.
[[nodiscard]] std::string request_table(const Json& request, const ScreenStyle& style);
// `show RUN` of a gateway: usage_json's document.
[[nodiscard]] std::string usage_table(const Json& usage, const ScreenStyle& style);

}  // namespace joulebook
