#pragma once
// A deployment or figure named on the command line: a model with keys, or a row of a file.
#include <string>

#include "physics/explain/spec.h"

namespace joulebook {

// Errors: those of parse_figure, figure_of_row and read_file.
[[nodiscard]] Result<explain::Figure> figure_of(const std::string& spec);

}  // namespace joulebook
