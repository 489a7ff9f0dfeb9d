// Any bytes as a task's file. An error names its code and its cure; what is accepted has arms of both
// roles, exactly one word on what was published, trainings of arms that it has with something that
// they make, and no placeholder left in what runs beforehand.
// Fault planted on 2026-11-27: placeholders left in `prepare` not looked for, found within seconds.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "study/tasks/placeholders.h"
#include "study/tasks/task_toml.h"

namespace {

using joulebook::ArmRole;
using joulebook::TaskSpec;

bool sound(const TaskSpec& task) {
  const auto has = [&](ArmRole role) {
    return std::ranges::find(task.arms, role, &joulebook::TaskArm::role) != task.arms.end();
  };
  if (!has(ArmRole::special) || !has(ArmRole::general)) return false;
  if (task.published.empty() == task.published_none.empty()) return false;
  for (const auto& training : task.trainings) {
    const bool known = std::ranges::find(task.arms, training.arm, &joulebook::TaskArm::name) !=
                       task.arms.end();
    if (!known || training.outputs.empty() || training.command.size() < 2) return false;
  }
  for (const auto& command : task.prepare) {
    if (command.empty()) return false;
    for (const auto& word : command) {
      if (joulebook::left_placeholder(joulebook::Json(word))) return false;
    }
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto task =
      joulebook::parse_task(text, "/tasks/fuzz/task.toml", {"/b", "/w", "/m.gguf", "/e"});
  if (!task && (task.error().code.empty() || task.error().cure.empty())) std::abort();
  if (task && !sound(*task)) std::abort();
  return 0;
}
