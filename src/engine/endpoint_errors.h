#pragma once
// What an endpoint's refusal means, with its cure.
#include <joulebook/result.h>

#include <optional>
#include <string>

#include "core/http.h"

namespace joulebook {

inline constexpr std::size_t kMaxReplyBytes = 256 << 20;  // of one answer; a longer one is stopped

// The error that a finished call ended in before any of its answer could be used, or nothing where
// it is good. Codes as open_engine(); input "prompt.too_long" where the endpoint says so.
[[nodiscard]] std::optional<Error> endpoint_error(const HttpCall& call, const std::string& address);

// The text an endpoint gave with its refusal, in one short line.
[[nodiscard]] std::string refusal_text(const std::string& body);

}  // namespace joulebook
