#pragma once
// The page of `audit --html`: claims, what they come to, and why. Pure; thread-safe.
#include <string>

#include "core/json.h"

namespace joulebook {

// Of the record of docs/schema/audit.schema.json. Self-contained; every text is escaped.
[[nodiscard]] std::string audit_page(const Json& audits);

}  // namespace joulebook
