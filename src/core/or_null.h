#pragma once
// What may not be there, as JSON: then null. Pure.
#include <optional>

#include "core/json.h"

namespace joulebook {

template <class T>
[[nodiscard]] Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

}  // namespace joulebook
