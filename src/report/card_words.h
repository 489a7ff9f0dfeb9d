#pragma once
// Words that a card's page, its table and a report share. Pure.
#include <string>
#include <string_view>

#include "core/json.h"

namespace joulebook {

// "tenant a, model b"; parts that the requests don't name are left out.
[[nodiscard]] std::string key_text(const Json& key);
// "EU AI Act" for "eu-ai-act"; an id without a name stands for itself.
[[nodiscard]] std::string_view form_name(std::string_view id);
// How many of a form's fields are given: "3 of 7".
[[nodiscard]] std::string given_text(const Json& form);

}  // namespace joulebook
