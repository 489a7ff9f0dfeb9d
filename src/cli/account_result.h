#pragma once
// What account writes: joulebook.account/1 (docs/formats/account.md), and its text. Pure.
#include <string>

#include "account/compare/compare.h"
#include "account/footprint/footprint.h"
#include "cli/account_input.h"
#include "core/json.h"

namespace joulebook {

// Comparisons that were asked for.
struct Compared {
  std::vector<account::Equivalent> equivalents;
  std::optional<account::Choice> choice;
  std::vector<account::Net> nets;
};
// Errors: those of compare.h and read_file.
[[nodiscard]] Result<Compared> compared(const AccountOptions& options, const account::Footprint& footprint);

[[nodiscard]] Json account_json(const Accounted& what, const account::Footprint& footprint, const Compared& compared);
[[nodiscard]] std::string account_text(const Accounted& what, const account::Footprint& footprint, const Compared& compared, bool explain, int width);

}  // namespace joulebook
