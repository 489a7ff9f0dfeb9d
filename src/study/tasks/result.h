#pragma once
// What the tasks found. Plain values. Energy is in J and carbon in kg, per 1,000 items, as files have
// them; memory in bytes. JSON: docs/formats/tasks.md, docs/schema/tasks.schema.json.
#include <joulebook/quantity.h>

#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/json.h"
#include "study/tasks/task.h"
#include "study/tasks/training.h"

namespace joulebook {

inline constexpr std::string_view kTasksSchema = "joulebook.tasks/1";
inline constexpr double kPerItems = 1000;
inline constexpr std::string_view kPerItemsName = "1000 items";

// What an arm's small picture stands for (scale.h).
struct TaskScaled {
  TaskScale what;
  double work = 0;  // FLOPs of the full picture over those of the small one
  Quantity here;    // J per 1000 full pictures on this machine, modelled
  Quantity there;   // J per 1000 full pictures on a GPU, predicted
};

// One arm. Where it has not run, or its task has not, `absent` says why and every figure with it.
struct TaskArmResult {
  TaskArm arm;
  std::string engine;            // "llama.cpp", "command"
  std::optional<Error> absent;
  std::int64_t items = 0;        // that it was asked
  std::int64_t answered = 0;     // trials with an answer
  std::int64_t failed = 0;       // and without: they count as wrong
  Quantity energy;               // J per 1000 items, gross
  Quantity carbon;               // kgCO2e per 1000 items
  std::optional<double> seconds;  // per 1000 items
  std::int64_t checked = 0;      // items whose answer was checked
  Quantity correct;              // share of them, unit "1"; an absence for cost only
  Quantity j_per_correct;        // J; likewise
  std::optional<bool> meets;          // the task's requirement; nothing: not judged
  std::optional<double> confidence;   // that it does on items like these
  Quantity memory;               // "By"
  std::optional<Trained> trained;
  std::optional<TaskScaled> scaled;   // where its pictures stand for larger ones, also where it has not run
};

// A general arm beside a special one.
struct TaskRatio {
  std::string special;
  std::string general;
  std::int64_t items = 0;  // that both answered
  Quantity times;       // energy, general over special, same items, unit "1"
  Quantity break_even;  // answers after which the special arm, its training counted, has taken less
};

// What the 2023 study has for that kind of task.
struct PublishedKind {
  std::string kind;
  std::int64_t rows = 0;
  Quantity as_published;  // J per 1000 items; the interval is the least and the most of its rows
  Quantity corrected;     // the one GPU that did the work: idle ones and constants taken off
};

// Which arm is enough (enough.h). Names are of arms; empty: none.
struct TaskEnough {
  std::string require;           // "correct >= 80 %"
  std::optional<Error> absent;   // why nothing can be said
  std::string cheapest;          // that meets it
  std::string sure;              // the cheapest that does with 95 % confidence
  std::string best;
  std::string sentence;
  // What a route by task sends its items to: the cheapest that meets it with the confidence asked for, else
  // the surest there is (field.h).
  std::string rule;
  bool sufficient = false;
  double least = 0;                    // confidence asked for
  std::optional<double> confidence;    // that the rule's arm meets it; nothing: can't be said
  double stable = 0;                   // share of halves of the items that chose the same
  double joules = 0;                   // of it, J an item
  std::optional<double> cross_joules;  // J an item, of the arm that the other half chose
  std::string general;           // the general way to do it: the first such arm that is judged, or ran
  Quantity to_general;           // energy of `rule` over that of `general`, items of both, unit "1"
};

// A day's items by task, each sent to its rule's arm, against asking the general arm always.
struct TasksDay {
  struct Line {
    std::string task;
    double count = 0;  // a day
  };
  std::vector<Line> lines;   // of tasks that are in the sums
  std::vector<std::pair<std::string, Error>> left_out;  // task and why
  bool stated = false;       // else kEachTask of each
  Quantity route;            // J a day
  Quantity general;          // J a day
  Quantity ratio;            // the one over the other, unit "1"
  double optimism = 0;       // of `route` against what was chosen on other items: below 0, too rosy
};

struct TaskResult {
  std::string name;
  std::string title;
  std::string fairer;
  std::optional<Error> absent;  // why it did not run
  std::string study;            // its id in the ledger; empty: none
  std::int64_t items_run = 0;
  std::int64_t items_there = 0;
  int rounds = 0;
  double seconds = 0;  // that the whole task took, preparation included
  std::vector<TaskArmResult> arms;
  std::vector<TaskRatio> ratios;  // each special arm with each general one
  std::optional<TaskEnough> enough;  // nothing: nothing is required, or it did not run
  std::optional<PublishedKind> published;
  std::string published_none;
  std::vector<std::string> warnings;
};

struct TasksResult {
  Anchor start;
  Anchor end;
  bool quick = false;
  bool complete = true;   // false: interrupted
  double budget_s = 0;
  std::uint64_t seed = 1;
  std::string grid;         // place, kind, year and source of the intensity
  Quantity grid_intensity;  // kgCO2e per J
  std::vector<TaskResult> tasks;
  std::optional<TasksDay> day;  // nothing: no task can be in it
  Json machine;
  std::string version;
  std::string commit;
};

[[nodiscard]] Json to_json(const TasksResult& result);

}  // namespace joulebook
