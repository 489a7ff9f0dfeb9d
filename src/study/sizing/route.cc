#include "study/sizing/route.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "study/arm_result.h"
#include "study/sizing/cross_fit.h"

namespace joulebook {
namespace {

Result<std::size_t> arm_named(const Field& field, const std::string& name) {
  std::vector<std::string> names;
  for (const std::size_t a : field.arms) {
    names.push_back(field.name(a));
    if (names.back() == name) return a;
  }
  const auto close = nearest(name, names);
  return fail(ErrorKind::input, "route.arm", fmt::format("no arm '{}' can be chosen here", name),
              close ? fmt::format("did you mean '{}'?", *close) : "its arms: " + join(names, ", "));
}

// Most parameters; of equals, and where none are known, the dearest a response.
std::size_t largest_arm(const Field& field, bool& by_size) {
  const auto parameters = [&](std::size_t a) {
    return a < field.study->arms.size() ? field.study->arms[a].engine.parameters : 0;
  };
  std::size_t largest = field.arms.front();
  by_size = false;
  for (const std::size_t a : field.arms) {
    const auto more = parameters(a) - parameters(largest);
    by_size |= more != 0;
    const bool dearer =
        field.mean_joules(a, field.prompts) > field.mean_joules(largest, field.prompts);
    if (more > 0 || (more == 0 && dearer)) largest = a;
  }
  return largest;
}

// How often the day asks each prompt.
Result<Mix> mix_of(const Field& field, const std::optional<Day>& day) {
  Mix mix(field.study->spec.prompts.size(), 0.0);
  if (!day) {
    for (const std::size_t p : field.prompts) mix[p] = kEachPrompt;
    return mix;
  }
  double all = 0;
  for (const auto& [kind, count] : *day) {
    const auto at = std::ranges::find(field.kinds, kind);
    if (at == field.kinds.end()) {
      const auto close = nearest(kind, field.kinds);
      return fail(ErrorKind::input, "route.kind",
                  fmt::format("the study has no prompt of kind '{}'", kind),
                  close ? fmt::format("did you mean '{}'?", *close)
                        : "its kinds: " + join(field.kinds, ", "));
    }
    const auto mine =
        field.of_kind(static_cast<std::size_t>(at - field.kinds.begin()), field.prompts);
    for (const std::size_t p : mine) mix[p] = count / static_cast<double>(mine.size());
    all += count;
  }
  if (all > 0) return mix;
  return fail(ErrorKind::input, "route.empty_day", "the day brings no prompt at all",
              "give at least one kind a count: --day code=300");
}

RuleLine rule_line(const Field& field, const Mix& mix, const Pick& pick, std::size_t kind,
                   double stable) {
  const auto mine = field.of_kind(kind, field.prompts);
  RuleLine line;
  line.kind = field.kinds[kind];
  line.prompts = mine.size();
  for (const std::size_t p : mine) line.count += mix[p];
  line.pick = pick;
  line.quality = field.quality(pick.arm, mine);
  line.joules = joules_per_response(field.trials[pick.arm], mine, field.name(pick.arm),
                                    1 - kStudyLevel);
  line.stable = stable;
  return line;
}

void add_rules(Route& route, const Field& field, const Mix& mix, const Rule& rule,
               const CrossFit& fit) {
  for (std::size_t k = 0; k < field.kinds.size(); ++k) {
    const auto mine = field.of_kind(k, field.prompts);
    const double count = mix[mine.front()];
    if (count <= 0) continue;
    Pick here = pick(field, mine, route.options.sizing.sure);
    if (!here.graded) here = {rule.arm_of[k], false, false};
    route.rules.push_back(rule_line(field, mix, here, k, fit.chosen[k][here.arm]));
    if (mine.size() < 2) {
      route.notes.push_back(fmt::format(
          "'{}' has one prompt: nothing is known of another, and its rule can't be checked on one",
          field.kinds[k]));
    }
  }
}

DayLine day_line(const Field& field, const Mix& mix, const Policy& policy) {
  return {joules_of(field, mix, policy), grade_of(field, mix, policy)};
}

void value_day(Route& route, const Field& field, const Mix& mix, const Rule& rule,
               const CrossFit& fit) {
  const Policy here = send_by_kind(field, rule.arm_of);
  const Policy largest = send_all_to(field, route.largest);
  route.route = day_line(field, mix, fit.route);
  route.route_here = day_line(field, mix, here);
  route.always_largest = day_line(field, mix, largest);
  route.single = day_line(field, mix, fit.single);
  route.to_largest = joules_ratio(field, mix, fit.route, largest);
  route.to_single = joules_ratio(field, mix, fit.route, fit.single);
  route.to_largest_here = joules_ratio(field, mix, here, largest);
  route.grade_to_largest = grade_difference(field, mix, fit.route, largest);
  route.grade_to_single = grade_difference(field, mix, fit.route, fit.single);
  if (route.to_largest.present() && route.to_largest_here.present()) {
    route.optimism_joules = *route.to_largest_here.value / *route.to_largest.value - 1;
  }
  if (route.route.grade && route.route_here.grade) {
    route.optimism_grade = route.route_here.grade->value - route.route.grade->value;
  }
}

std::string ratio_words(const Quantity& q) {
  if (!q.present()) return "an unknown share (" + q.reason->message + ")";
  const Interval whole = q.interval();
  return std::isfinite(whole.hi)
             ? fmt::format("{:.3g} [{:.3g}, {:.3g}] times", *q.value, whole.lo, whole.hi)
             : fmt::format("{:.3g} times (how sure, two prompts of a kind would tell)", *q.value);
}

std::string sentence_of(const Route& route, const Field& field) {
  const Requirement& r = route.options.sizing.requirement;
  std::string out = fmt::format(
      "Sent by kind, a day of {:.6g} prompts would take {} the joules of always using {}",
      route.count, ratio_words(route.to_largest), field.name(route.largest));
  out += fmt::format(", and {} those of the best single arm.", ratio_words(route.to_single));
  if (route.route.grade && route.always_largest.grade) {
    out += fmt::format(" In {} it is {} against the largest's {}; the rule was chosen on one half "
                       "of the prompts and valued on the other.",
                       to_string(r.measure), value_text(r, route.route.grade->value),
                       value_text(r, route.always_largest.grade->value));
  }
  const auto short_of = std::ranges::count_if(
      route.rules, [](const RuleLine& line) { return !line.pick.sufficient; });
  if (short_of > 0) {
    out += fmt::format(" In {} of {} kinds no arm meets {}.", short_of, route.rules.size(),
                       to_string(r));
  }
  return out;
}

}  // namespace

Result<Route> route_study(const StudyResult& study, const RouteOptions& options) {
  const SizingOptions& sizing = options.sizing;
  const auto field = sizable(study, sizing);
  if (!field) return fail(field.error());
  const auto mix = mix_of(*field, options.day);
  if (!mix) return fail(mix.error());
  Route route;
  route.options = options;
  route.largest = largest_arm(*field, route.largest_by_size);
  if (!options.largest.empty()) {
    const auto named = arm_named(*field, options.largest);
    if (!named) return fail(named.error());
    route.largest = *named;
    route.largest_by_size = false;
  }
  for (const double count : *mix) route.count += count;
  const Rule rule = choose_rule(*field, field->prompts, sizing.sure);
  const CrossFit fit = cross_fit(*field, sizing.sure, kSplits, study.spec.seed);
  route.otherwise = rule.otherwise;
  add_rules(route, *field, *mix, rule, fit);
  value_day(route, *field, *mix, rule, fit);
  for (auto& note : notes_of(*field)) route.notes.push_back(std::move(note));
  route.sentence = sentence_of(route, *field);
  return route;
}

}  // namespace joulebook
