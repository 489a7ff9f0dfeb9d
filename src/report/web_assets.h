#pragma once
// The report page's script and style, bundled from src/report/web when the program is built.
#include <string_view>

namespace joulebook {

[[nodiscard]] std::string_view report_script();
[[nodiscard]] std::string_view report_script_sha256();  // base64, for the page's security policy
[[nodiscard]] std::string_view report_style();

}  // namespace joulebook
