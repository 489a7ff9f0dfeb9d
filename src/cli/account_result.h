#pragma once
// What account writes: joulebook.account/1 (docs/formats/account.md), and its text. Pure.
#include <string>

#include "account/footprint/footprint.h"
#include "cli/account_input.h"
#include "core/json.h"

namespace joulebook {

[[nodiscard]] Json account_json(const Accounted& what, const account::Footprint& footprint);
[[nodiscard]] std::string account_text(const Accounted& what, const account::Footprint& footprint, bool explain, int width);

}  // namespace joulebook
