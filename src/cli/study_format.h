#pragma once
// How a study is written down by this program.
#include "study/runner.h"

namespace joulebook {

// A result with the devices that its own window covers, those apart, and why.
[[nodiscard]] Json document_of(const StudyResult& result);
[[nodiscard]] StudyFormat study_format();

}  // namespace joulebook
