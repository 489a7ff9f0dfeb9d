#pragma once
// A task: a small study of special programs against general models, with what has to be there, what
// is made beforehand and what is trained. Plain values. Format: docs/formats/task.md.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/toml.h"

namespace joulebook {

// What stands for "{bin}", "{work}", "{model}" and "{engine}" in a task's file; "{task}" is the
// task's own folder. All whole paths; empty: there is none.
struct TaskPlaces {
  std::string bin;     // the folder of the program's helpers
  std::string work;    // prepared data and trained models
  std::string model;   // the default model
  std::string engine;  // the folder of llama.cpp's programs
};

// Something that has to be installed. Exactly one of `program` and `file`.
struct TaskNeed {
  std::string program;  // looked for in PATH; a path where it has a '/'
  std::string file;     // a file or a folder
  std::string package;  // of the system, that brings it; may be empty
  std::string cure;     // else what would bring it; may be empty
};

// A command that makes what an arm answers with, measured once.
struct TaskTraining {
  std::string arm;
  std::vector<std::string> command;
  std::vector<std::string> outputs;  // files that it makes; the last argument where none is named
  std::vector<std::string> inputs;   // files and folders; arguments that are paths where none is named
  double time_limit_s = 600;
};

enum class ArmRole { special, general };
[[nodiscard]] std::string_view to_string(ArmRole role);

// A picture's pixels each way, and steps of its denoiser.
struct TaskPicture {
  double width = 0, height = 0, steps = 0;
};

// What the small picture that an arm draws stands for (scale.h).
struct TaskScale {
  std::string image;  // a model that `predict --image` knows
  TaskPicture ran;    // what the arm's command draws
  TaskPicture full;
  std::string gpu;    // on which the full one is predicted, too
};

// What a task says of an arm beside its study.
struct TaskArm {
  std::string name;
  ArmRole role = ArmRole::general;
  std::string cost_only;  // why nothing is said about quality; empty: it is
  std::string full_only;  // why it is left out of a quick run; empty: it is not
  std::vector<TaskNeed> needs;
  std::optional<TaskScale> scale = std::nullopt;
};

struct TaskSpec {
  std::string name;
  std::string title;
  std::string published;       // the 2023 study's kind of task (data/power_hungry.csv)
  std::string published_none;  // or why it has none
  std::string fairer;          // what would make the row fairer; may be empty
  std::string folder;
  std::vector<std::vector<std::string>> prepare;
  double prepare_limit_s = 120;  // of each of its commands
  double share = 1;              // of the time, where an ordinary task has 1: what its items cost
  std::vector<TaskNeed> needs;
  std::vector<TaskTraining> trainings;
  std::vector<TaskArm> arms;  // in the study's order
  TomlDocument study;         // the rest, placeholders filled: a study's document
};

}  // namespace joulebook
