#pragma once
#include <string_view>

namespace joulebook {

[[nodiscard]] std::string_view build_version();       // "0.1.0"
[[nodiscard]] std::string_view build_commit();        // short hash, or "unknown"
[[nodiscard]] std::string_view version_line();  // "joulebook 0.1.0 (1a2b3c4)"

}  // namespace joulebook
