#pragma once
// What other files that hold a study (tasks/task_toml.h) need of its reader. Inside of the room.
#include <joulebook/result.h>

#include <span>
#include <string>

#include "core/toml.h"
#include "study/records.h"

namespace joulebook {

// Keys that a study file may have at its top, and those of an arm that is a model, or a program.
[[nodiscard]] std::span<const std::string> study_keys();
[[nodiscard]] std::span<const std::string> arm_keys(bool program);

// The study of a document that holds nothing else. Errors: as parse_study.
[[nodiscard]] Result<StudySpec> read_study(const TomlDocument& document,
                                           const std::string& default_model);

}  // namespace joulebook
