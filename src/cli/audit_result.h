#pragma once
// What `audit` prints. Pure functions of the record of docs/schema/audit.schema.json; thread-safe.
#include <string>

#include "core/json.h"

namespace joulebook {

// One line a claim; a claim alone, or with `explain` each, in full, with the source of every number.
[[nodiscard]] std::string audits_text(const Json& audits, bool explain, int width);

}  // namespace joulebook
