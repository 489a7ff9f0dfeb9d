#pragma once
// A card's figures as CSV: one row a figure (docs/formats/card.md). Pure.
#include <string>

#include "core/json.h"

namespace joulebook::card {

[[nodiscard]] std::string card_csv(const Json& card);

}  // namespace joulebook::card
