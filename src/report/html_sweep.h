#pragma once
// Many predictions as one self-contained page: J/token with its band and the time between tokens
// against what was swept, and every deployment in a table. As html_page.h: no connection, one script
// by its hash, figures that stand without it.
#include <string>

#include "core/json.h"

namespace joulebook {

// `predictions`: a joulebook.predictions/1 document (docs/formats/predict.md) with at least one
// prediction.
[[nodiscard]] std::string sweep_page(const Json& predictions);

}  // namespace joulebook
