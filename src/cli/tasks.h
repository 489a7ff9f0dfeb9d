#pragma once
// `joulebook study tasks`: its flags, and the command.
#include <cstdint>
#include <string>
#include <vector>

#include "cli/context.h"

namespace CLI {
class App;
}

namespace joulebook {

struct TasksOptions {
  bool quick = false;
  bool train = false;
  std::vector<std::string> only;  // names of tasks; empty: all
  std::string work;               // prepared data and models; empty: in the cache folder
  std::string tasks;              // folder of task folders; empty: the program's own
  std::string grid = "world";
  std::string output;             // the table as text, too
  std::string day;                // "digits=300,speech=20": items of each task a day
  // From the study's own flags.
  double minutes = 0;             // for all tasks together; 0: 15, or 2 with --quick
  std::int64_t seed = -1;
  std::string html;               // the page, too
  std::string require;            // what is enough; empty: what each task says
  std::string model;              // general arms' default; empty: the built-in one
  double sure = -1;               // least confidence of the route's arms; below 0: kSure
};

// --quick, --only, --train, --work, --tasks, --grid, --day, --sure, -o: for `study tasks` alone.
void add_tasks_flags(CLI::App& command, TasksOptions& options);

int study_tasks(const Context& context, const TasksOptions& options);

}  // namespace joulebook
