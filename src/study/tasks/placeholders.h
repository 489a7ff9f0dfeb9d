#pragma once
// "{bin}", "{work}", "{task}", "{model}", "{engine}" in a task's file. Those of an item ("{text}",
// "{file}", "{text_file}") are left for the study. Pure; thread-safe.
#include <optional>
#include <string>

#include "core/json.h"
#include "study/tasks/task.h"

namespace joulebook {

// The same document with every text in it filled. `folder`: the task's own.
[[nodiscard]] Json filled(const Json& json, const TaskPlaces& places, const std::string& folder);

// A "{word}" that is left somewhere in it.
[[nodiscard]] std::optional<std::string> left_placeholder(const Json& json);

}  // namespace joulebook
