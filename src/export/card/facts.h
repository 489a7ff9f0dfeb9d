#pragma once
// What the publisher of a card states, and no sample of Joulebook's says: who publishes, how a model was
// trained, where it ran, on whose scale it is rated. A TOML file (docs/card.md); a card prints all of it
// as stated. Pure.
#include <joulebook/result.h>

#include <string>

#include "core/json.h"
#include "export/card/record_subjects.h"

namespace joulebook::card {

// Nothing stated: every member there, null; training energy an absence ("card.no_training").
[[nodiscard]] Json no_facts();

// Errors: input "toml.syntax", "toml.unknown_key", "toml.value" (a number that is negative or no number, a
// tier that is none, classes that do not rise, a figure without its source).
[[nodiscard]] Result<Json> parse_facts(std::string_view toml, std::string origin);

[[nodiscard]] StatedServing serving_of(const Json& facts);

}  // namespace joulebook::card
