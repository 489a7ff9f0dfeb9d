#include "study/sizing/field.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "study/split.h"

namespace joulebook {
namespace {

// The mean over repeats; nothing where one of them isn't graded.
std::optional<double> value_of(const Field& field, std::size_t arm, std::size_t prompt) {
  const auto& repeats = field.trials[arm].by_prompt[prompt];
  double sum = 0;
  for (const auto* trial : repeats) {
    const auto grade = graded(field.requirement, field.study->spec.prompts[prompt], *trial);
    if (!grade) return std::nullopt;
    sum += *grade;
  }
  return sum / static_cast<double>(repeats.size());
}

double joules_of(const ArmTrials& trials, std::size_t prompt) {
  double sum = 0;
  for (const auto* trial : trials.by_prompt[prompt]) sum += energy_joules(*trial);
  return sum / static_cast<double>(trials.by_prompt[prompt].size());
}

void choose_arms(Field& field, std::span<const std::string> cost_only) {
  const auto& arms = field.study->spec.arms;
  for (std::size_t a = 0; a < arms.size(); ++a) {
    if (std::ranges::find(cost_only, arms[a].name) != cost_only.end()) {
      field.left_out.push_back({a, {"sizing.cost_only", "its answers mean nothing: cost only", ""}});
    } else if (field.trials[a].usable == 0) {
      field.left_out.push_back({a, {"sizing.no_answer", "it gave no answer", "resume the study"}});
    } else if (field.trials[a].unmetered) {
      field.left_out.push_back({a, *field.trials[a].unmetered});
    } else {
      field.arms.push_back(a);
    }
  }
}

void choose_prompts(Field& field) {
  std::vector<const ArmTrials*> chosen;
  for (const std::size_t a : field.arms) chosen.push_back(&field.trials[a]);
  if (!field.own_prompts) {
    field.prompts = complete_in(chosen);
    return;
  }
  for (std::size_t p = 0; p < field.study->spec.prompts.size(); ++p) {
    if (std::ranges::any_of(chosen, [p](const auto* arm) { return arm->complete(p); })) {
      field.prompts.push_back(p);
    }
  }
}

void find_kinds(Field& field) {
  const auto& prompts = field.study->spec.prompts;
  field.kind_of.assign(prompts.size(), 0);
  for (const std::size_t p : field.prompts) {
    auto at = std::ranges::find(field.kinds, prompts[p].kind);
    if (at == field.kinds.end()) at = field.kinds.insert(at, prompts[p].kind);
    field.kind_of[p] = static_cast<std::size_t>(at - field.kinds.begin());
  }
}

bool all_same_code(const Field& field) {
  const auto& results = field.study->arms;
  return results.size() == field.trials.size() &&
         std::ranges::all_of(field.arms, [&](std::size_t a) {
           return same_code(results[field.arms.front()], results[a]);
         });
}

}  // namespace

std::vector<std::size_t> Field::of_kind(std::size_t kind,
                                        std::span<const std::size_t> among) const {
  std::vector<std::size_t> out;
  for (const std::size_t p : among) {
    if (kind_of[p] == kind) out.push_back(p);
  }
  return out;
}

std::vector<std::size_t> Field::answered(std::size_t arm,
                                         std::span<const std::size_t> among) const {
  std::vector<std::size_t> out;
  std::ranges::copy_if(among, std::back_inserter(out),
                       [&](std::size_t p) { return trials[arm].complete(p); });
  return out;
}

Quality Field::quality(std::size_t arm, std::span<const std::size_t> among) const {
  std::vector<double> values;
  for (const std::size_t p : among) {
    if (const auto& v = value[arm][p]) values.push_back(*v);
  }
  return quality_of(requirement, values);
}

double Field::mean_joules(std::size_t arm, std::span<const std::size_t> among) const {
  const auto mine = answered(arm, among);
  if (mine.empty()) return std::numeric_limits<double>::infinity();
  double sum = 0;
  for (const std::size_t p : mine) sum += joules[arm][p];
  return sum / static_cast<double>(mine.size());
}

Field field_of(const StudyResult& study, const Requirement& requirement,
               std::span<const std::string> cost_only, bool own_prompts) {
  Field field;
  field.own_prompts = own_prompts;
  field.study = &study;
  field.requirement = requirement;
  field.trials = group_trials(study.spec, study.trials);
  choose_arms(field, cost_only);
  choose_prompts(field);
  find_kinds(field);
  field.same_code = all_same_code(field);
  field.joules.assign(field.trials.size(), std::vector<double>(study.spec.prompts.size(), 0));
  field.value.assign(field.trials.size(),
                     std::vector<std::optional<double>>(study.spec.prompts.size()));
  for (const std::size_t a : field.arms) {
    for (const std::size_t p : field.answered(a, field.prompts)) {
      field.joules[a][p] = joules_of(field.trials[a], p);
      field.value[a][p] = value_of(field, a, p);
    }
  }
  return field;
}

namespace {

struct Seen {
  std::size_t arm = 0;
  Quality quality;
  double joules = 0;
};

std::vector<Seen> seen_of(const Field& field, std::span<const std::size_t> among) {
  std::vector<Seen> out;
  for (const std::size_t a : field.arms) out.push_back({a, field.quality(a, among), field.mean_joules(a, among)});
  return out;
}

const Seen* cheapest_enough(const Field& field, std::span<const Seen> seen, double sure) {
  const Seen* cheapest = nullptr;
  for (const Seen& one : seen) {
    const bool sufficient = one.quality.meets(field.requirement) &&
                            (sure <= 0 || one.quality.confidence.value_or(0) >= sure);
    if (sufficient && (cheapest == nullptr || one.joules < cheapest->joules)) cheapest = &one;
  }
  return cheapest;
}

// By a grade of it, which may be none; the cheaper of equals.
template <class Grade>
const Seen& best_by(const Requirement& r, std::span<const Seen> seen, const Grade& grade) {
  const Seen* best = nullptr;
  std::optional<double> top;
  for (const Seen& one : seen) {
    const std::optional<double> mine = grade(one.quality);
    const bool ahead = top && mine && r.better(*mine, *top);
    const bool level = best != nullptr && mine == top && one.joules < best->joules;
    const bool first = best == nullptr || (mine && !top);
    if (!first && !ahead && !level) continue;
    best = &one;
    top = mine;
  }
  return *best;
}

std::optional<double> worse_end(const Requirement& r, const Quality& q) {
  if (q.interval) return less_is_better(r.measure) ? q.interval->hi : q.interval->lo;
  return q.prompts > 1 ? q.value : std::nullopt;
}

Pick best_there_is(const Seen& seen) { return {seen.arm, false, seen.quality.value.has_value()}; }

}  // namespace

Pick pick(const Field& field, std::span<const std::size_t> among, double sure) {
  const auto seen = seen_of(field, among);
  if (const Seen* cheapest = cheapest_enough(field, seen, sure)) return {cheapest->arm, true, true};
  return best_there_is(best_by(field.requirement, seen, [](const Quality& q) { return q.value; }));
}

Pick pick_surely(const Field& field, std::span<const std::size_t> among, double sure) {
  const auto seen = seen_of(field, among);
  if (const Seen* cheapest = cheapest_enough(field, seen, sure)) return {cheapest->arm, true, true};
  const Requirement& r = field.requirement;
  return best_there_is(best_by(r, seen, [&](const Quality& q) { return worse_end(r, q); }));
}

}  // namespace joulebook
