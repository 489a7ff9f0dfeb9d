#pragma once
// The words of units: what each stands for. Pure; thread-safe.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "account/units/measure.h"

namespace joulebook::account {

// One word of a unit ("kWh", "images", "million") in base units; nothing where it is none.
[[nodiscard]] std::optional<Unit> unit_of_word(std::string_view word);

// Kilograms of a word for mass ("lb", "t", "mg"); nothing where it is none. A mass alone is no unit:
// it must say of what.
[[nodiscard]] std::optional<double> mass_of_word(std::string_view word);

// What is counted, folded: "queries" -> "response", "GPUs" -> "device"; nothing where it is no noun.
[[nodiscard]] std::optional<std::string> noun_of_word(std::string_view word);

// Every word that is written out in the tables, for "did you mean".
[[nodiscard]] const std::vector<std::string>& all_unit_words();

}  // namespace joulebook::account
