#pragma once
// A checker as a line of prompts writes it: docs/formats/prompts.md. Pure; thread-safe.
#include <string>
#include <vector>

#include "core/json.h"
#include "study/records.h"

namespace joulebook {

// Errors: input "prompts.unknown_key", "prompts.bad_check" (as validate(checker), too); the place
// is the caller's to add.
[[nodiscard]] Result<Checker> read_checker(const Json& json);

// Errors: input "prompts.unknown_key", with the nearest known member.
[[nodiscard]] Status known_members(const Json& object, const std::vector<std::string>& keys);

}  // namespace joulebook
