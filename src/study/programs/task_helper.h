#pragma once
// Verbs that need a large library (OpenCV, LibTorch, the embedded engine) are done by a program of
// their own beside joulebook-task, so that the others start without loading it, and so that a build
// without the library has all else.
#include <span>
#include <string>
#include <string_view>

#include "study/programs/task_program.h"

namespace joulebook {

struct TaskHelper {
  std::string_view program;  // "joulebook-task-opencv"
  std::string_view package;  // what a build needs to have it: "libopencv-ml-dev"
};
inline constexpr TaskHelper kOpenCvHelper{"joulebook-task-opencv", "libopencv-ml-dev"};
inline constexpr TaskHelper kTorchHelper{"joulebook-task-torch", "libtorch-dev"};
inline constexpr TaskHelper kModelHelper{"joulebook-task-model", "the embedded engine"};

// The helper's path beside the running program; empty where it is not there.
[[nodiscard]] std::string helper_path(const TaskHelper& helper);

// Becomes the helper with the same command line; returns only where that fails. Error: engine
// "task.not_built", naming the package.
[[nodiscard]] Status become(const TaskHelper& helper, const TaskCall& call);

// What a helper does of the table that all share.
struct HelperRun {
  std::string_view task;
  std::string_view verb;
  Status (*run)(const TaskCall& call);
};

// A helper's main(): `verbs` is the whole table, of which it does its own runs alone.
[[nodiscard]] int run_helper_program(int argc, char** argv, std::span<const HelperRun> runs);

// All verbs there are, of joulebook-task and its helpers (task_list.cc).
[[nodiscard]] std::span<const TaskVerb> all_task_verbs();

}  // namespace joulebook
