#include "core/json_strings.h"
#include "study/tasks/result.h"

namespace joulebook {
namespace {

Json error_json(const Error& error) { return to_json(Reason{error.code, error.message, error.cure}); }

Json trained_json(const Trained& trained) {
  return Json::object({{"energy", to_json(trained.energy)},
                       {"seconds", trained.seconds},
                       {"at", trained.at},
                       {"stored", trained.stored}});
}

Json arm_json(const TaskArmResult& arm) {
  return Json::object({{"name", arm.arm.name},
                       {"role", std::string(to_string(arm.arm.role))},
                       {"engine", text_or_null(arm.engine)},
                       {"cost_only", text_or_null(arm.arm.cost_only)},
                       {"absent", arm.absent ? error_json(*arm.absent) : Json()},
                       {"answered", arm.answered},
                       {"failed", arm.failed},
                       {"checked", arm.checked},
                       {"energy", to_json(arm.energy)},
                       {"carbon", to_json(arm.carbon)},
                       {"seconds", arm.seconds ? Json(*arm.seconds) : Json()},
                       {"correct", to_json(arm.correct)},
                       {"j_per_correct", to_json(arm.j_per_correct)},
                       {"memory", to_json(arm.memory)},
                       {"training", arm.trained ? trained_json(*arm.trained) : Json()}});
}

Json ratio_json(const TaskRatio& ratio) {
  return Json::object({{"special", ratio.special},
                       {"general", ratio.general},
                       {"times", to_json(ratio.times)},
                       {"break_even", to_json(ratio.break_even)}});
}

Json published_json(const TaskResult& task) {
  PublishedKind p;
  if (task.published) {
    p = *task.published;
  } else {
    p.as_published = Quantity::absent("J", {"published.none", task.published_none, ""});
    p.as_published.per = kPerItemsName;
    p.corrected = p.as_published;
  }
  return Json::object({{"kind", text_or_null(p.kind)},
                       {"rows", p.rows},
                       {"as_published", to_json(p.as_published)},
                       {"corrected", to_json(p.corrected)}});
}

template <class T, class F>
Json list_of(const std::vector<T>& items, F to) {
  Json out{Json::Array{}};
  for (const auto& item : items) out.push(to(item));
  return out;
}

Json task_json(const TaskResult& task) {
  return Json::object({{"name", task.name},
                       {"title", task.title},
                       {"absent", task.absent ? error_json(*task.absent) : Json()},
                       {"study", text_or_null(task.study)},
                       {"items_run", task.items_run},
                       {"items_there", task.items_there},
                       {"rounds", task.rounds},
                       {"seconds", task.seconds},
                       {"arms", list_of(task.arms, arm_json)},
                       {"ratios", list_of(task.ratios, ratio_json)},
                       {"published", published_json(task)},
                       {"fairer", text_or_null(task.fairer)},
                       {"warnings", list_of(task.warnings, [](const auto& w) { return Json(w); })}});
}

}  // namespace

Json to_json(const TasksResult& result) {
  const Json program = Json::object({{"version", result.version}, {"commit", result.commit}});
  return Json::object({{"schema", std::string(kTasksSchema)},
                       {"joulebook", program},
                       {"machine", result.machine},
                       {"start", iso8601(result.start.wall_ns)},
                       {"end", iso8601(result.end.wall_ns)},
                       {"duration_s", Seconds(result.end.steady - result.start.steady).count()},
                       {"quick", result.quick},
                       {"complete", result.complete},
                       {"budget_s", result.budget_s},
                       {"seed", result.seed},
                       {"grid", Json::object({{"name", result.grid},
                                              {"intensity", to_json(result.grid_intensity)}})},
                       {"tasks", list_of(result.tasks, task_json)}});
}

}  // namespace joulebook
