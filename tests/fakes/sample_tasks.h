#pragma once
// A result of `study tasks` by hand, for tests: a task that ran, with an arm for cost only and one
// that could not run, and a task that could not.
#include "core/version.h"
#include "study/tasks/day.h"
#include "study/tasks/figures.h"
#include "study/tasks/result.h"

namespace joulebook::fakes {

inline Quantity sample_figure(double value, double lo, double hi, std::string unit,
                              std::string per = {}) {
  Quantity q = Quantity::exact(value, std::move(unit));
  q.own = {lo, hi};
  q.per = std::move(per);
  q.tier = Tier::modelled;
  q.boundary = "package+dram";
  q.method = "by hand";
  return q;
}

inline TaskArmResult sample_task_arm(const std::string& name, ArmRole role, double joules,
                                     double right) {
  TaskArmResult arm;
  arm.arm.name = name;
  arm.arm.role = role;
  arm.engine = role == ArmRole::special ? "command" : "llama.cpp";
  arm.items = role == ArmRole::special ? 1797 : 40;
  arm.answered = 40;
  arm.energy = sample_figure(joules, joules * 0.9, joules * 1.1, "J", "1000 items");
  arm.carbon = sample_figure(joules * 1.3e-7, joules * 1.1e-7, joules * 1.5e-7, "kgCO2e", "1000 items");
  arm.seconds = joules / 20;
  arm.checked = 40;
  arm.correct = sample_figure(right, right - 0.1, right + 0.05, "1");
  arm.j_per_correct = sample_figure(joules / 1000 / right, joules / 1200 / right,
                                    joules / 800 / right, "J", "correct answer");
  arm.memory = sample_figure(joules * 1e4, joules * 1e4, joules * 1e4, "By");
  return arm;
}

inline TaskResult sample_task_that_ran() {
  TaskResult task;
  task.name = "digits";
  task.title = "Digits, 8 × 8 images";
  task.fairer = "more writers";
  task.study = "study-1";
  task.items_run = 1797;
  task.items_there = 1797;
  task.rounds = 2;
  task.seconds = 12.5;
  task.arms = {sample_task_arm("forest", ArmRole::special, 450, 0.94),
               sample_task_arm("language model", ArmRole::general, 14'000, 0.12),
               sample_task_arm("a shape", ArmRole::general, 90'000, 0.5), {}};
  task.arms[0].trained = Trained{"forest", sample_figure(61.5, 50, 70, "J"), 3.2,
                                 "2026-11-27T08:00:00Z", true};
  task.arms[1].failed = 2;
  task.arms[2].arm.cost_only = "random weights";
  task.arms[2].scaled = TaskScaled{{"a-painter", {128, 128, 1}, {512, 512, 50}, "A100"}, 86.4,
                                   sample_figure(7.8e6, 4e6, 1.2e7, "J", "1000 items"),
                                   sample_figure(2.1e6, 1.5e6, 3e6, "J", "1000 items")};
  for (Quantity* q : {&task.arms[2].correct, &task.arms[2].j_per_correct}) {
    *q = Quantity::absent(q->unit, {"task.cost_only", "cost only: random weights", ""});
  }
  task.arms[3].arm = {"torch net", ArmRole::special, {}, {}, {}};
  set_absent(task.arms[3], {ErrorKind::input, "task.needs", "there is no libtorch.so",
                            "install the package libtorch-dev"});
  task.ratios = {{"forest", "language model", 40, sample_figure(31, 28, 35, "1"),
                  sample_figure(4.2, 3.1, 5.4, "1")},
                 {"forest", "a shape", 1, sample_figure(200, 180, 222, "1"),
                  Quantity::absent("1", {"life.never", "it is not repaid", ""})}};
  task.arms[0].meets = true;
  task.arms[0].confidence = 0.99;
  task.arms[1].meets = false;
  TaskEnough& enough = task.enough.emplace();
  enough.require = "correct >= 80 %";
  enough.cheapest = enough.sure = enough.best = enough.rule = "forest";
  enough.sentence = "forest is the cheapest that meets correct >= 80 %.";
  enough.sufficient = true;
  enough.least = 0.95;
  enough.confidence = 0.99;
  enough.stable = 1;
  enough.joules = 0.45;
  enough.cross_joules = 0.5;
  enough.general = "language model";
  enough.to_general = sample_figure(0.032, 0.029, 0.036, "1");
  task.published = PublishedKind{"image_classification", 48,
                                 sample_figure(25'000, 9'000, 60'000, "J", "1000 items"),
                                 sample_figure(3'700, 900, 9'000, "J", "1000 items")};
  task.warnings = {"language model: 2 trials failed"};
  return task;
}

inline TasksResult sample_tasks() {
  TasksResult out;
  out.start = {{1'000'000'000}, 1'000'000'000, 1'795'680'000'000'000'000};
  out.end = {{14'000'000'000}, 14'000'000'000, 1'795'680'013'000'000'000};
  out.quick = true;
  out.budget_s = 105;
  out.grid = "World, life cycle";
  out.grid_intensity = sample_figure(473.01 / 3.6e9, 473.01 / 3.6e9, 473.01 / 3.6e9, "kgCO2e/J");
  out.grid_intensity.shared = {{"grid", 0.9, 1.1}};
  out.machine = Json::object({{"cpu", "a CPU"}, {"hardware_threads", 2}});
  out.version = "0.1.0";
  out.commit = "abc";
  TaskResult lost;
  lost.name = "speech";
  lost.title = "Speech to text";
  lost.published_none = "no speech in it";
  lost.arms = {sample_task_arm("pocketsphinx", ArmRole::special, 1, 1)};
  set_absent(lost, {ErrorKind::input, "task.needs", "there is no pocketsphinx_continuous",
                    "install the package pocketsphinx"});
  out.tasks = {sample_task_that_ran(), lost};
  out.day = *day_of(out, std::nullopt);
  return out;
}

}  // namespace joulebook::fakes
