#pragma once
// What a study that was analysed says of sizes.
#include "study/records.h"

namespace joulebook {

// Sets `ladder`, what each of its steps bought, where the study has one, and `sizing`, which arm is
// enough, where it requires something. Error: as size_arms; `sizing` is then left out.
[[nodiscard]] Status add_sizing(StudyResult& study);

}  // namespace joulebook
