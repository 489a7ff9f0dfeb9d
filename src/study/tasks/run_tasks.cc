#include "study/tasks/run_tasks.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "account/footprint/reckon.h"
#include "core/version.h"
#include "study/sample.h"
#include "study/tasks/day.h"
#include "study/tasks/enough.h"
#include "study/tasks/figures.h"
#include "study/tasks/step.h"
#include "study/tasks/task_toml.h"

namespace joulebook {
namespace {

// Seconds of each silence, at most: a task's figures are gross, silence only tells the rest's drift.
constexpr double kQuickSilence = 0.2;
constexpr double kFullSilence = 1;
constexpr int kFullRounds = 2;

// This process's high-water mark of memory begins anew (proc_pid_clear_refs(5)), so that a task's is
// its own; where that is not allowed it is that of all so far.
void forget_peak_memory() { std::ofstream("/proc/self/clear_refs") << "5"; }

class TaskRun {
 public:
  TaskRun(const std::string& folder, const Result<TaskSpec>& task, const TasksRequest& request,
          const TasksContext& context, double seconds)
      : folder_(folder),
        task_(task),
        request_(request),
        context_(context),
        begin_(context.study.clock.now()),
        until_(begin_ + std::chrono::duration_cast<Nanos>(Seconds(seconds))) {}

  TaskResult run() {
    row_.name = row_.title = std::filesystem::path(folder_).filename().string();
    if (!task_) {
      row_.absent = task_.error();
      row_.published_none = "the task could not be read";
    } else {
      describe(*task_);
      if (auto ok = work(*task_); !ok) set_absent(row_, ok.error());
    }
    row_.seconds = Seconds(context_.study.clock.now() - begin_).count();
    return std::move(row_);
  }

 private:
  void tell(const std::string& what) const {
    if (context_.tell) context_.tell(row_.name + ": " + what);
  }
  [[nodiscard]] double left() const {
    return Seconds(until_ - context_.study.clock.now()).count();
  }
  [[nodiscard]] bool cancelled() const {
    return context_.study.cancel != nullptr && context_.study.cancel->load();
  }

  void describe(const TaskSpec& task) {
    row_.name = task.name;
    row_.title = task.title;
    row_.fairer = task.fairer;
    row_.published_none = task.published_none;
    for (const auto& arm : task.arms) {
      row_.arms.emplace_back();
      row_.arms.back().arm = arm;
    }
    if (task.published.empty()) return;
    auto published = published_kind(task.published);
    if (published) {
      row_.published = std::move(*published);
    } else {
      row_.published_none = published.error().message;
    }
  }

  Status work(const TaskSpec& task) {
    if (auto missing = first_missing(task.needs, task.folder)) return fail(*missing);
    if (auto ok = prepare(task); !ok) return ok;
    auto spec = study_of(task, request_.places);
    if (!spec) return fail(spec.error());
    row_.items_there = static_cast<std::int64_t>(spec->prompts.size());
    leave_out_arms(task);
    const auto trained = train_arms(task);
    if (cancelled()) return stopped();
    return study(task, std::move(*spec), trained);
  }

  static Status none_runs() {
    return fail(ErrorKind::input, "task.no_arm", "none of its arms can run here",
                "see the reason of each");
  }

  void lose_arm(const std::string& name, const Error& error) {
    for (auto& arm : row_.arms) {
      if (arm.arm.name == name && !arm.absent) set_absent(arm, error);
    }
  }

  static Status stopped() {
    return fail(ErrorKind::interrupted, "task.cancelled", "it was interrupted", "run it again");
  }

  Status prepare(const TaskSpec& task) {
    std::error_code ignored;
    std::filesystem::create_directories(request_.places.work, ignored);
    for (const auto& command : task.prepare) {
      tell("preparing");
      const auto done = run_step(command, {.seconds = task.prepare_limit_s,
                                           .directory = task.folder,
                                           .cancel = context_.study.cancel});
      if (!done) return fail(done.error());
    }
    return {};
  }

  // Arms that can't run here, or not in a quick run.
  void leave_out_arms(const TaskSpec& task) {
    for (auto& arm : row_.arms) {
      if (auto missing = first_missing(arm.arm.needs, task.folder)) {
        set_absent(arm, *missing);
      } else if (request_.quick && !arm.arm.full_only.empty()) {
        set_absent(arm, {ErrorKind::input, "task.full_only", arm.arm.full_only,
                         "run it without --quick"});
      }
    }
  }

  std::vector<Trained> train_arms(TaskSpec task) {
    std::erase_if(task.trainings, [&](const TaskTraining& training) {
      return std::ranges::any_of(row_.arms, [&](const TaskArmResult& arm) {
        return arm.absent && arm.arm.name == training.arm;
      });
    });
    if (task.trainings.empty()) return {};
    auto outcome = train(task, {.meter = context_.study.meter,
                                .clock = context_.study.clock,
                                .work = request_.places.work,
                                .anew = request_.train,
                                .seconds = std::max(1.0, left()),
                                .cancel = context_.study.cancel,
                                .tell = [this](std::string_view what) { tell(std::string(what)); }});
    for (auto& [name, error] : outcome.failed) {
      if (error.code == "task.late" && request_.quick) error.cure = "train it once without --quick";
      lose_arm(name, error);
    }
    return std::move(outcome.trained);
  }

  Status study(const TaskSpec& task, StudySpec spec, const std::vector<Trained>& trained) {
    std::erase_if(spec.arms, [&](const ArmSpec& arm) {
      return std::ranges::any_of(row_.arms, [&](const TaskArmResult& row) {
        return row.absent && row.arm.name == arm.name;
      });
    });
    if (spec.arms.empty()) return none_runs();
    const std::string require = request_.require.empty() ? spec.require.value_or("") : request_.require;
    fit(spec);
    forget_peak_memory();
    StudyContext study = context_.study;
    study.resume.reset();
    study.until = until_;
    study.thorough = special_arms(spec);
    const auto progress = context_.watch ? context_.watch(spec) : nullptr;
    study.progress = progress.get();
    study.on_lost = [&](std::size_t arm, const Error& error) {
      lose_arm(spec.arms[arm].name, error);
    };
    tell(fmt::format("{} items there, {:.0f} s for a sample", spec.prompts.size(),
                     std::max(0.0, left())));
    const auto result = run_study(spec, study);
    if (!result) return fail(result.error());
    if (!result->complete && result->trials.empty()) return stopped();
    row_.study = result->id;
    row_.warnings = result->warnings;
    if (result->trials.empty()) return none_runs();
    fill_figures(row_, {task, *result, trained, *request_.grid, request_.seed});
    if (!require.empty()) fill_enough(row_, *result, require, request_.sure, request_.seed);
    return {};
  }

  [[nodiscard]] std::vector<bool> special_arms(const StudySpec& spec) const {
    std::vector<bool> out;
    for (const ArmSpec& arm : spec.arms) {
      const auto at = std::ranges::find(row_.arms, arm.name, [](const auto& a) { return a.arm.name; });
      out.push_back(at != row_.arms.end() && at->arm.role == ArmRole::special);
    }
    return out;
  }

  // The study, as far as time goes. What is enough is said of each arm's own items (enough.h).
  void fit(StudySpec& spec) const {
    spec.seed = request_.seed;
    spec.require.reset();
    spec.prompts = stratified(std::move(spec.prompts), request_.seed);
    const int rounds = request_.quick ? 1 : kFullRounds;
    spec.stopping = {rounds, rounds, 0, std::max(1.0, left())};
    const double silence = request_.quick ? kQuickSilence : kFullSilence;
    spec.baseline_seconds = std::min(spec.baseline_seconds, silence);
  }

  const std::string& folder_;
  const Result<TaskSpec>& task_;
  const TasksRequest& request_;
  const TasksContext& context_;
  SteadyTime begin_;
  SteadyTime until_;
  TaskResult row_;
};

Quantity intensity_of(const account::Factor& grid) {
  Quantity one = Quantity::exact(1, "J");
  one.tier = Tier::published;
  return account::times(one, grid, {"kgCO2e/J", "", grid.source});
}

}  // namespace

double time_of(double left, std::span<const double> shares, std::size_t at) {
  const auto rest = shares.subspan(at);
  return left * rest.front() / std::accumulate(rest.begin(), rest.end(), 0.0);
}

TasksResult run_tasks(const TasksRequest& request, const TasksContext& context) {
  TasksResult out;
  out.start = context.study.clock.anchor();
  out.quick = request.quick;
  out.budget_s = request.budget_s;
  out.seed = request.seed;
  out.grid = request.grid->name;
  out.grid_intensity = intensity_of(*request.grid);
  out.machine = context.study.machine;
  out.version = build_version();
  out.commit = build_commit();
  const SteadyTime begin = context.study.clock.now();
  std::vector<Result<TaskSpec>> tasks;
  std::vector<double> shares;  // 1 of a task that can't be read, which its row will say
  for (const auto& folder : request.folders) {
    const auto& task = tasks.emplace_back(load_task(folder, request.places));
    shares.push_back(task ? task->share : 1);
  }
  for (std::size_t i = 0; i < request.folders.size(); ++i) {
    if (context.study.cancel != nullptr && context.study.cancel->load()) break;
    const double spent = Seconds(context.study.clock.now() - begin).count();
    const double share = time_of(request.budget_s - spent, shares, i);
    out.tasks.push_back(TaskRun(request.folders[i], tasks[i], request, context, std::max(1.0, share)).run());
  }
  if (auto day = day_of(out, request.day)) out.day = std::move(*day);
  out.complete = context.study.cancel == nullptr || !context.study.cancel->load();
  out.end = context.study.clock.anchor();
  return out;
}

}  // namespace joulebook
