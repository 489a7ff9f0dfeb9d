#pragma once
// A model energy card as a page that prints on paper. Pure.
#include <string>

#include "core/json.h"

namespace joulebook {

// `card`: a document of schema joulebook.card/1. The page holds it as JSON, in the element `card`.
[[nodiscard]] std::string card_page(const Json& card);

}  // namespace joulebook
