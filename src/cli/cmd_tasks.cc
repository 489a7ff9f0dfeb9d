#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "cli/default_model.h"
#include "cli/recording.h"
#include "cli/study_format.h"
#include "cli/study_progress.h"
#include "cli/tasks.h"
#include "core/file_tree.h"
#include "core/text.h"
#include "report/tasks_page.h"
#include "report/tasks_table.h"
#include "report/terminal_table.h"
#include "sensor/model/machine.h"
#include "study/engines.h"
#include "study/tasks/run_tasks.h"
#include "study/tasks/task_toml.h"

namespace joulebook {
namespace {

namespace fs = std::filesystem;

// $XDG_CACHE_HOME/joulebook/tasks (XDG Base Directory Specification 0.8).
std::string default_work() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && cache[0] == '/') return (fs::path(cache) / "joulebook" / "tasks").string();
  const char* home = std::getenv("HOME");
  return (fs::path(home != nullptr ? home : "/tmp") / ".cache" / "joulebook" / "tasks").string();
}

std::string absolute(const std::string& path) {
  std::error_code ignored;
  return fs::absolute(path, ignored).lexically_normal().string();
}

TaskPlaces places_of(const Context& context, const TasksOptions& options) {
  TaskPlaces places;
  places.bin = task_helpers();
  places.work = absolute(options.work.empty() ? default_work() : options.work);
  places.model = options.model.empty() ? context.settings.get("model") : options.model;
  if (!places.model.empty() && !is_address(places.model)) places.model = absolute(places.model);
  places.engine = fs::path(packaged_server().program).parent_path().string();
  return places;
}

// The folders asked for, in their order. Errors: as find_tasks; usage "tasks.unknown".
Result<std::vector<std::string>> folders_of(const TasksOptions& options) {
  auto all = find_tasks(options.tasks.empty() ? packaged_tasks() : options.tasks);
  if (!all || options.only.empty()) return all;
  std::vector<std::string> names;
  for (const auto& folder : *all) names.push_back(fs::path(folder).filename().string());
  for (const auto& word : options.only) {
    if (std::ranges::find(names, word) != names.end()) continue;
    const auto near = nearest(word, names);
    return fail(ErrorKind::usage, "tasks.unknown", fmt::format("there is no task '{}'", word),
                near ? fmt::format("did you mean '{}'?", *near) : "one of: " + join(names, ", "));
  }
  std::erase_if(*all, [&](const std::string& folder) {
    return std::ranges::find(options.only, fs::path(folder).filename().string()) ==
           options.only.end();
  });
  return all;
}

// Direct intensity where the place has one, else that of the life cycle; its name says which.
Result<account::Factor> grid_of(const std::string& place) {
  auto found = account::grid_intensity(place, account::GridKind::direct);
  if (!found && found.error().code == "grid.no_factor") {
    found = account::grid_intensity(place, account::GridKind::lifecycle);
  }
  if (!found) return fail(found.error());
  account::Factor grid = **found;
  if (!grid.year.empty()) grid.name += ", " + grid.year;
  return grid;
}

struct Plan {
  TasksRequest request;
  account::Factor grid;
};

// Tasks that a day names must be among those that run.
Status add_day(TasksRequest& request, const std::string& text) {
  if (text.empty()) return {};
  auto day = read_day(text);
  if (!day) return fail(day.error());
  std::vector<std::string> names;
  for (const auto& folder : request.folders) names.push_back(fs::path(folder).filename().string());
  for (const auto& [name, count] : *day) {
    if (std::ranges::find(names, name) != names.end()) continue;
    const auto near = nearest(name, names);
    return fail(ErrorKind::usage, "route.kind", fmt::format("no task '{}' runs here", name),
                near ? fmt::format("did you mean '{}'?", *near) : "one of: " + join(names, ", "));
  }
  request.day = std::move(*day);
  return {};
}

Result<Plan> plan_of(const Context& context, const TasksOptions& options) {
  auto folders = folders_of(options);
  if (!folders) return fail(folders.error());
  auto grid = grid_of(options.grid);
  if (!grid) return fail(grid.error());
  Plan plan;
  plan.grid = std::move(*grid);
  plan.request.folders = std::move(*folders);
  plan.request.places = places_of(context, options);
  plan.request.quick = options.quick;
  plan.request.train = options.train;
  plan.request.budget_s = options.quick ? kQuickBudget : kFullBudget;
  if (options.minutes > 0) plan.request.budget_s = options.minutes * 60;
  if (options.seed >= 0) plan.request.seed = static_cast<std::uint64_t>(options.seed);
  plan.request.require = options.require;
  if (options.sure >= 0) plan.request.sure = options.sure;
  if (auto ok = add_day(plan.request, options.day); !ok) return fail(ok.error());
  return plan;
}

Result<TasksResult> run_plan(const Context& context, Plan& plan) {
  auto ledger = open_ledger(context.settings.get("ledger"));
  if (!ledger) return fail(ledger.error());
  auto meter = context.open_meter();
  if (!meter) return fail(meter.error());
  if (auto ok = (*meter)->start(); !ok) return fail(ok.error());
  plan.request.grid = &plan.grid;
  const auto files = context.files();
  TasksContext tasks{.study = StudyContext{.meter = **meter,
                                           .clock = system_clock(),
                                           .open_engine = open_engine,
                                           .ledger = ledger->get(),
                                           .format = study_format(),
                                           .cancel = &cancelled(),
                                           .find_pids = endpoint_pids(files),
                                           .machine = to_json(describe_machine(*files))},
                     .watch = [&](const StudySpec& spec) {
                       return std::make_unique<StudyProgress>(spec, context.quiet);
                     },
                     .tell = [&](std::string_view line) { context.say(line); }};
  TasksResult result = run_tasks(plan.request, tasks);
  (*meter)->stop();
  return result;
}

int code_of(const TasksResult& result) {
  if (!result.complete) return 128 + std::max(2, cancelling_signal());
  const bool any = std::ranges::any_of(result.tasks, [](const auto& task) { return !task.absent; });
  return any ? 0 : exit_code(ErrorKind::engine);
}

}  // namespace

void add_tasks_flags(CLI::App& command, TasksOptions& options) {
  const char* group = "For 'study tasks'";
  command.add_flag("--quick", options.quick, "at most 2 minutes for all tasks, in place of 15")
      ->group(group);
  command.add_option("--only", options.only, "these tasks: digits,speech")
      ->delimiter(',')
      ->type_name("LIST")
      ->group(group);
  command.add_flag("--train", options.train, "train and measure anew what is stored")->group(group);
  command.add_option("--work", options.work, "folder of prepared data and trained models")
      ->type_name("DIR")
      ->group(group);
  command.add_option("--tasks", options.tasks, "folder of task folders, in place of the built-in")
      ->type_name("DIR")
      ->group(group);
  command.add_option("--grid", options.grid, "place whose grid turns joules into grams")
      ->capture_default_str()
      ->type_name("PLACE")
      ->group(group);
  command.add_option("--day", options.day, "items of each task a day: digits=300,speech=20, or a CSV file")
      ->type_name("MIX")
      ->group(group);
  command.add_option("--sure", options.sure, "confidence with which the route's arms are to be enough (default 0.95)")
      ->type_name("SHARE")
      ->check(CLI::Range(0.0, 1.0))
      ->group(group);
  command.add_option("-o,--output", options.output, "write the table to FILE, too")
      ->type_name("FILE")
      ->group(group);
}

int study_tasks(const Context& context, const TasksOptions& options) {
  if (auto ok = context.check_outputs({options.output, options.html}); !ok) return report_error(ok.error());
  if (!options.require.empty()) {
    if (const auto r = parse_requirement(options.require); !r) return report_error(r.error());
  }
  auto plan = plan_of(context, options);
  if (!plan) return report_error(plan.error());
  const auto result = run_plan(context, *plan);
  if (!result) return report_error(result.error());
  const Json document = to_json(*result);
  context.print(tasks_table(document, {terminal_width(), wants_colour(1)}));
  if (auto ok = context.emit(document); !ok) return report_error(ok.error());
  constexpr int kFileWidth = 132;
  if (!options.output.empty()) {
    if (auto ok = write_file(options.output, tasks_table(document, {kFileWidth, false})); !ok) {
      return report_error(ok.error());
    }
  }
  if (!options.html.empty()) {
    if (auto ok = write_file(options.html, tasks_page(document)); !ok) return report_error(ok.error());
    context.say("report: " + options.html);
  }
  return code_of(*result);
}

}  // namespace joulebook
