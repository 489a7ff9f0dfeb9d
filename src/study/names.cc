#include "study/records.h"

namespace joulebook {

std::string_view to_string(Mode mode) { return mode == Mode::direct ? "direct" : "reason"; }

}  // namespace joulebook
