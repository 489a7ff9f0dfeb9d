#include "core/json_strings.h"
#include "core/or_null.h"
#include "core/reason.h"
#include "study/tasks/day.h"

namespace joulebook {
namespace {

Json error_json(const Error& error) { return to_json(reason_of(error)); }

Json trained_json(const Trained& trained) {
  return Json::object({{"energy", to_json(trained.energy)},
                       {"seconds", trained.seconds},
                       {"at", trained.at},
                       {"stored", trained.stored}});
}

Json picture_json(const TaskPicture& p) {
  return Json::object({{"width", p.width}, {"height", p.height}, {"steps", p.steps}});
}

Json scaled_json(const TaskScaled& scaled) {
  return Json::object({{"image", scaled.what.image},
                       {"ran", picture_json(scaled.what.ran)},
                       {"full", picture_json(scaled.what.full)},
                       {"work", scaled.work},
                       {"here", to_json(scaled.here)},
                       {"gpu", scaled.what.gpu},
                       {"there", to_json(scaled.there)}});
}

Json arm_json(const TaskArmResult& arm) {
  return Json::object({{"name", arm.arm.name},
                       {"role", std::string(to_string(arm.arm.role))},
                       {"engine", text_or_null(arm.engine)},
                       {"cost_only", text_or_null(arm.arm.cost_only)},
                       {"absent", arm.absent ? error_json(*arm.absent) : Json()},
                       {"items", arm.items},
                       {"answered", arm.answered},
                       {"failed", arm.failed},
                       {"checked", arm.checked},
                       {"energy", to_json(arm.energy)},
                       {"carbon", to_json(arm.carbon)},
                       {"seconds", or_null(arm.seconds)},
                       {"correct", to_json(arm.correct)},
                       {"j_per_correct", to_json(arm.j_per_correct)},
                       {"meets", or_null(arm.meets)},
                       {"confidence", or_null(arm.confidence)},
                       {"memory", to_json(arm.memory)},
                       {"training", arm.trained ? trained_json(*arm.trained) : Json()},
                       {"scaled", arm.scaled ? scaled_json(*arm.scaled) : Json()}});
}

Json ratio_json(const TaskRatio& ratio) {
  return Json::object({{"special", ratio.special},
                       {"general", ratio.general},
                       {"items", ratio.items},
                       {"times", to_json(ratio.times)},
                       {"break_even", to_json(ratio.break_even)}});
}

Json enough_json(const TaskEnough& enough) {
  return Json::object({{"require", enough.require},
                       {"absent", enough.absent ? error_json(*enough.absent) : Json()},
                       {"cheapest", text_or_null(enough.cheapest)},
                       {"sure", text_or_null(enough.sure)},
                       {"best", text_or_null(enough.best)},
                       {"sentence", text_or_null(enough.sentence)},
                       {"rule", text_or_null(enough.rule)},
                       {"sufficient", enough.sufficient},
                       {"least", enough.least},
                       {"confidence", or_null(enough.confidence)},
                       {"stable", enough.stable},
                       {"general", text_or_null(enough.general)},
                       {"to_general", to_json(enough.to_general)}});
}

Json day_json(const TasksDay& day) {
  Json lines{Json::Array{}};
  for (const auto& line : day.lines) {
    lines.push(Json::object({{"task", line.task}, {"count", line.count}}));
  }
  Json left_out{Json::Array{}};
  for (const auto& [task, why] : day.left_out) {
    left_out.push(Json::object({{"task", task}, {"why", error_json(why)}}));
  }
  return Json::object({{"stated", day.stated},
                       {"lines", std::move(lines)},
                       {"left_out", std::move(left_out)},
                       {"route", to_json(day.route)},
                       {"general", to_json(day.general)},
                       {"ratio", to_json(day.ratio)},
                       {"optimism", day.optimism},
                       {"sentence", sentence_of(day)}});
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
                       {"enough", task.enough ? enough_json(*task.enough) : Json()},
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
                       {"tasks", list_of(result.tasks, task_json)},
                       {"day", result.day ? day_json(*result.day) : Json()}});
}

}  // namespace joulebook
