#pragma once
// Distributions in TOML files, placed where they make no sense.
#include <optional>
#include <string>

#include "account/life/distribution.h"
#include "core/toml.h"

namespace joulebook::account {

// The distribution at `path` (a text or a number), into `into`; left as it is where there is none. Errors: those
// of Distribution::parse, with file and line.
[[nodiscard]] Status take_distribution(const TomlDocument& doc, const std::string& path, const Json& value, const char* unit,
                                       std::optional<Distribution>& into);
// The same for one that has a default.
[[nodiscard]] Status take_distribution(const TomlDocument& doc, const std::string& path, const Json& value, const char* unit, Distribution& into);

}  // namespace joulebook::account
