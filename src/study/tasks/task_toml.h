#pragma once
// Reads task files. A task's file is a study's (docs/formats/study.md) with some keys more
// (docs/formats/task.md); keys that neither knows are refused with the nearest one.
//
// Pure but for load_task and find_tasks, which read files; thread-safe.
#include <joulebook/result.h>

#include <string>
#include <string_view>
#include <vector>

#include "study/records.h"
#include "study/tasks/task.h"

namespace joulebook {

// `origin`: the file's path, in whose folder the task lies. Errors, all of kind input, with file and
// line: "toml.syntax", "toml.unknown_key", "toml.value" (a type, a role, a missing key, a placeholder
// that does not exist, a training of an arm that is not there, both or neither of `published` and
// `published_none`, no special or no general arm).
[[nodiscard]] Result<TaskSpec> parse_task(std::string_view toml, const std::string& origin,
                                          const TaskPlaces& places);
// FOLDER/task.toml. Errors: as parse_task and read_file.
[[nodiscard]] Result<TaskSpec> load_task(const std::string& folder, const TaskPlaces& places);

// The study of a task, its items read: whatever makes them has to have run. Arms are as task.arms.
// Errors: as load_study.
[[nodiscard]] Result<StudySpec> study_of(const TaskSpec& task, const TaskPlaces& places);

// Folders with a task.toml in a folder, in the order of the project's own table; others behind them,
// by name. Errors: input "tasks.none" (no such folder, or none in it).
[[nodiscard]] Result<std::vector<std::string>> find_tasks(const std::string& folder);

}  // namespace joulebook
