#pragma once
// `load` on the screen: what one load cost and how it answered, and the curve of J/token against
// batch of a sweep. Pure.
#include <string>

#include "load/load_result.h"
#include "report/terminal_table.h"

namespace joulebook {

[[nodiscard]] std::string load_table(const load::LoadResult& result, const ScreenStyle& style);

}  // namespace joulebook
