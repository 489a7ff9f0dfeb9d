#pragma once
// Why something failed, as the reason for what is absent because of it.
#include <joulebook/result.h>

namespace joulebook {

[[nodiscard]] inline Reason reason_of(const Error& error) { return {error.code, error.message, error.cure}; }

}  // namespace joulebook
