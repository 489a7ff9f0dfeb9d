#pragma once
// The live page's script and style, bundled from src/report/web/live when the program is built.
#include <string_view>

namespace joulebook {

[[nodiscard]] std::string_view live_script();
[[nodiscard]] std::string_view live_script_sha256();  // base64, for the page's security policy
[[nodiscard]] std::string_view live_style();

}  // namespace joulebook
