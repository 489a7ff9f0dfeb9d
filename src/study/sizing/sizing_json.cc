#include <fmt/format.h>

#include "core/or_null.h"
#include "study/sizing/route.h"
#include "study/sizing/sizing.h"

namespace joulebook {
namespace {

constexpr const char* kSizingSchema = "joulebook.sizing/1";
constexpr const char* kRouteSchema = "joulebook.route/1";

Json interval_json(const std::optional<Interval>& interval) {
  return interval ? Json::array({interval->lo, interval->hi}) : Json();
}

Json quality_json(const Quality& q) {
  return Json::object({{"prompts", static_cast<std::int64_t>(q.prompts)},
                       {"value", or_null(q.value)},
                       {"interval", interval_json(q.interval)},
                       {"confidence", or_null(q.confidence)}});
}

Json estimate_json(const Estimate& e) {
  Json out = Json::object({{"these", to_json(e.these)}});
  if (e.alike) out.set("alike", Json::array({e.alike->lo, e.alike->hi}));
  return out;
}

Json requirement_json(const SizingOptions& o) {
  return Json::object({{"measure", std::string(to_string(o.requirement.measure))},
                       {"least", !less_is_better(o.requirement.measure)},
                       {"limit", o.requirement.limit},
                       {"sure", o.sure},
                       {"text", to_string(o.requirement)}});
}

Json notes_json(const std::vector<std::string>& notes) {
  Json out = Json::array();
  for (const auto& note : notes) out.push(note);
  return out;
}

Json fit_json(const Fit& fit, const StudyResult& study) {
  const auto name_of = [&](const std::optional<std::size_t>& i) {
    return i ? Json(study.spec.arms[fit.arms[*i].arm].name) : Json();
  };
  Json arms = Json::array();
  for (const ArmFit& arm : fit.arms) {
    arms.push(Json::object({{"arm", study.spec.arms[arm.arm].name},
                            {"quality", quality_json(arm.quality)},
                            {"meets", arm.meets},
                            {"joules", estimate_json(arm.joules)},
                            {"ratio", to_json(arm.ratio)},
                            {"told_apart", arm.told_apart}}));
  }
  Json out = Json::object({{"prompts", static_cast<std::int64_t>(fit.prompts)}});
  if (!fit.kind.empty()) out.set("kind", fit.kind);
  out.set("cheapest", name_of(fit.cheapest)).set("sure", name_of(fit.sure));
  out.set("best", name_of(fit.best)).set("arms", std::move(arms)).set("sentence", fit.sentence);
  return out;
}

Json valued_json(const std::optional<Valued>& v) {
  return Json::object({{"value", v ? Json(v->value) : Json()},
                       {"interval", interval_json(v ? v->interval : std::nullopt)}});
}

Json day_json(const DayLine& line) {
  return Json::object({{"joules", to_json(line.joules)}, {"grade", valued_json(line.grade)}});
}

Json pick_json(const Pick& pick, const StudyResult& study) {
  const ArmSpec& arm = study.spec.arms[pick.arm];
  Json out = Json::object(
      {{"arm", arm.name}, {"model", arm.model}, {"sufficient", pick.sufficient}});
  return out.set("graded", pick.graded);
}

// JSON's escapes of a text are TOML's, too (a basic string); DEL alone must be escaped besides.
std::string toml_text(const std::string& text) {
  std::string out = Json(text).dump();
  for (auto at = out.find('\x7f'); at != std::string::npos; at = out.find('\x7f', at)) {
    out.replace(at, 1, "\\u007f");
  }
  return out;
}

}  // namespace

Json to_json(const Sizing& sizing, const StudyResult& study) {
  Json kinds = Json::array();
  for (const Fit& fit : sizing.kinds) kinds.push(fit_json(fit, study));
  Json out = Json::object({{"schema", kSizingSchema}, {"study", study.id}});
  out.set("require", requirement_json(sizing.options)).set("all", fit_json(sizing.all, study));
  return out.set("kinds", std::move(kinds)).set("notes", notes_json(sizing.notes));
}

Json to_json(const Route& route, const StudyResult& study) {
  Json rules = Json::array();
  for (const RuleLine& line : route.rules) {
    Json rule = pick_json(line.pick, study);
    rule.set("kind", line.kind).set("count", line.count);
    rule.set("prompts", static_cast<std::int64_t>(line.prompts));
    rule.set("quality", quality_json(line.quality)).set("joules", estimate_json(line.joules));
    rules.push(rule.set("stable", line.stable));
  }
  Json out = Json::object({{"schema", kRouteSchema}, {"study", study.id}});
  out.set("require", requirement_json(route.options.sizing)).set("rules", std::move(rules));
  out.set("otherwise", pick_json(route.otherwise, study));
  out.set("largest", study.spec.arms[route.largest].name);
  out.set("largest_by", route.options.largest.empty()
                            ? (route.largest_by_size ? "parameters" : "joules")
                            : "name");
  out.set("count", route.count).set("route", day_json(route.route));
  out.set("route_here", day_json(route.route_here));
  out.set("always_largest", day_json(route.always_largest)).set("single", day_json(route.single));
  out.set("to_largest", to_json(route.to_largest)).set("to_single", to_json(route.to_single));
  out.set("to_largest_here", to_json(route.to_largest_here));
  out.set("grade_to_largest", valued_json(route.grade_to_largest));
  out.set("grade_to_single", valued_json(route.grade_to_single));
  out.set("optimism", Json::object({{"joules", route.optimism_joules},
                                    {"grade", or_null(route.optimism_grade)}}));
  return out.set("notes", notes_json(route.notes)).set("sentence", route.sentence);
}

std::string rule_toml(const Route& route, const StudyResult& study) {
  const auto target = [&](const Pick& pick) {
    const ArmSpec& arm = study.spec.arms[pick.arm];
    return fmt::format("arm = {}\nmodel = {}\nsufficient = {}\n", toml_text(arm.name),
                       toml_text(arm.model), pick.sufficient);
  };
  std::string out = fmt::format("schema = \"{}\"\nstudy = {}\nrequire = {}\n", kRouteSchema,
                                toml_text(study.id),
                                toml_text(to_string(route.options.sizing.requirement)));
  out += "\n[otherwise]\n" + target(route.otherwise);
  for (const RuleLine& line : route.rules) {
    out += fmt::format("\n[[rule]]\nkind = {}\n", toml_text(line.kind)) + target(line.pick);
  }
  return out;
}

}  // namespace joulebook
