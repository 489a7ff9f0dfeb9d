#pragma once
// A scenario as one self-contained page: the fan of energy over the years, drawn without a script, what drives it,
// its back-test and every figure. As html_page.h: no connection, figures that stand as text.
#include <string>

#include "core/json.h"

namespace joulebook {

// `scenario`: a joulebook.scenario/1 document (docs/formats/scenario.md).
[[nodiscard]] std::string scenario_page(const Json& scenario);

}  // namespace joulebook
