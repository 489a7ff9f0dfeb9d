#pragma once
// The number at the front of an amount as people write it: "17,800", "1'438", "0.24", "1.5e6", "3 x 10^6", "10⁶".
// Pure; thread-safe.
#include <joulebook/result.h>

#include <optional>
#include <string_view>

namespace joulebook::account {

struct WrittenNumber {
  double value = 0;
  double rounding = 0;  // half a unit of the last significant digit
};

// Taken off `text`; nothing where none stands there, or one that is not finite, or one with a decimal comma.
[[nodiscard]] std::optional<WrittenNumber> take_number(std::string_view& text);
// Whether a number without a sign may begin here.
[[nodiscard]] bool begins_number(std::string_view text);
void skip_blanks(std::string_view& text);
// What to say where a number was wanted: input "measure.number", with the cure of a decimal comma or of one end.
[[nodiscard]] Error no_number(std::string_view text);

}  // namespace joulebook::account
