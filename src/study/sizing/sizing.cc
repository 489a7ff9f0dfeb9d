#include "study/sizing/sizing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/text.h"
#include "study/arm_result.h"
#include "study/estimates.h"
#include "study/sentence.h"
#include "study/split.h"

namespace joulebook {
namespace {

double alpha_of(const Field& field) {
  int rounds = 0;
  for (const auto& arm : field.trials) rounds = std::max(rounds, arm.rounds);
  return these_alpha(field.study->spec.stopping, rounds);
}

ArmFit fit_of(const Field& field, const SizingOptions& o, std::size_t arm,
              std::span<const std::size_t> prompts) {
  ArmFit out;
  out.arm = arm;
  out.quality = field.quality(arm, prompts);
  out.meets = out.quality.meets(o.requirement) &&
              (o.sure <= 0 || out.quality.confidence.value_or(0) >= o.sure);
  out.joules = joules_per_response(field.trials[arm], field.answered(arm, prompts), field.name(arm),
                                   alpha_of(field));
  return out;
}

void name_arms(Fit& fit, const Requirement& r) {
  for (std::size_t i = 0; i < fit.arms.size(); ++i) {
    const ArmFit& arm = fit.arms[i];
    if (arm.meets && !fit.cheapest) fit.cheapest = i;
    if (arm.meets && !fit.sure && arm.quality.confidence.value_or(0) >= kSure) fit.sure = i;
    if (!arm.quality.value) continue;
    if (!fit.best || r.better(*arm.quality.value, *fit.arms[*fit.best].quality.value)) fit.best = i;
  }
}

bool differs(const Estimate& ratio) {
  const Claim c = claim(ratio.these);
  if (c == Claim::unknown && ratio.alike) return !ratio.alike->contains(1);
  return c == Claim::less || c == Claim::more;
}

// Every arm against the one that is named.
void compare_joules(Fit& fit, const Field& field, std::span<const std::size_t> prompts) {
  const auto named = fit.cheapest ? fit.cheapest : fit.best;
  if (!named) return;
  const std::size_t base = fit.arms[*named].arm;
  const SplitArm a{&field.trials[base], field.name(base)};
  const auto of_base = field.answered(base, prompts);
  for (ArmFit& arm : fit.arms) {
    if (arm.arm == base) {
      arm.ratio = Quantity::exact(1, "1");
      arm.ratio.tier = arm.joules.these.tier;
      continue;
    }
    const bool alike = same_code(field.study->arms[base], field.study->arms[arm.arm]);
    const Estimate energy = split_ratio(a, {&field.trials[arm.arm], field.name(arm.arm)},
                                        field.answered(arm.arm, of_base), {alike, alpha_of(field)})
                                .energy;
    arm.ratio = energy.these;
    arm.told_apart = differs(energy);
  }
}

std::string sureness(const Quality& q) {
  if (!q.confidence) return "no confidence can be said";
  const double percent = 100 * *q.confidence;
  if (percent > 99.9) return "confidence above 99.9 %";
  if (percent < 0.1) return "confidence below 0.1 %";
  return fmt::format("confidence {:.3g} %", percent);
}

std::string value_words(const Requirement& r, const Quality& q) {
  std::string out = value_text(r, *q.value);
  if (q.interval) {
    out += fmt::format(" [{}, {}]", value_text(r, q.interval->lo), value_text(r, q.interval->hi));
  }
  return out + fmt::format(" of {}, {}", q.prompts, sureness(q));
}

// For prompts like these, as the interval of the quality beside it.
std::string joules_words(const Estimate& e) { return human(for_prompts_like(e)); }

// Arms that meet it too, at joules that can't be told from those of the one named.
std::string twins(const Fit& fit, const Field& field) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < fit.arms.size(); ++i) {
    const ArmFit& arm = fit.arms[i];
    if (i != *fit.cheapest && arm.meets && !arm.told_apart) names.push_back(field.name(arm.arm));
  }
  if (names.empty()) return "";
  return fmt::format(" In joules it can't be told from {}.", join(names, ", "));
}

std::string named_sentence(const Fit& fit, const Field& field, const Requirement& r) {
  const ArmFit& arm = fit.arms[*fit.cheapest];
  std::string out = fmt::format("{} is the cheapest that meets {}: {}, at {} a response.",
                                field.name(arm.arm), to_string(r), value_words(r, arm.quality),
                                joules_words(arm.joules));
  out += twins(fit, field);
  if (fit.sure == fit.cheapest) return out;
  if (!fit.sure) return out + fmt::format(" None meets it with {:.0f} % confidence.", 100 * kSure);
  const ArmFit& sure = fit.arms[*fit.sure];
  return out + fmt::format(" With {:.0f} % confidence it is {}: {}, at {} a response.", 100 * kSure,
                           field.name(sure.arm), value_words(r, sure.quality),
                           joules_words(sure.joules));
}

std::string sentence_of(const Fit& fit, const Field& field, const SizingOptions& o) {
  const Requirement& r = o.requirement;
  if (fit.cheapest) return named_sentence(fit, field, r);
  if (!fit.best) return "No answer here was checked, so nothing is said of what is enough.";
  const ArmFit& best = fit.arms[*fit.best];
  const double gap = std::abs(*best.quality.value - r.limit);
  if (r.met_by(*best.quality.value)) {
    return fmt::format("No arm meets {} with {:.3g} % confidence. The best is {}: {}.", to_string(r),
                       100 * o.sure, field.name(best.arm), value_words(r, best.quality));
  }
  return fmt::format("No arm meets {}. The best is {}, {} away: {}.", to_string(r),
                     field.name(best.arm), value_text(r, gap), value_words(r, best.quality));
}

Fit fit_on(const Field& field, const SizingOptions& o, std::string kind,
           std::span<const std::size_t> prompts) {
  Fit fit;
  fit.kind = std::move(kind);
  fit.prompts = prompts.size();
  for (const std::size_t arm : field.arms) fit.arms.push_back(fit_of(field, o, arm, prompts));
  std::ranges::stable_sort(fit.arms, {}, [](const ArmFit& arm) {
    return arm.joules.these.value.value_or(0);
  });
  name_arms(fit, o.requirement);
  compare_joules(fit, field, prompts);
  fit.sentence = sentence_of(fit, field, o);
  return fit;
}

bool any_graded(const Field& field) {
  return std::ranges::any_of(field.arms, [&](std::size_t a) {
    return std::ranges::any_of(field.value[a], [](const auto& v) { return v.has_value(); });
  });
}

}  // namespace

std::vector<std::string> notes_of(const Field& field) {
  std::vector<std::string> notes;
  for (const auto& [arm, reason] : field.left_out) {
    notes.push_back(fmt::format("{} is not among the arms chosen from: {}", field.name(arm),
                                reason.message));
  }
  const std::size_t missing = field.study->spec.prompts.size() - field.prompts.size();
  if (missing > 0 && !field.own_prompts) {
    notes.push_back(fmt::format("{} of {} prompts are left out: not every arm answered them",
                                missing, field.study->spec.prompts.size()));
  }
  return notes;
}

Result<Field> sizable(const StudyResult& study, const SizingOptions& options) {
  const Requirement& requirement = options.requirement;
  Field field = field_of(study, requirement, options.cost_only, options.own_prompts);
  if (field.arms.empty() || field.prompts.empty()) {
    return fail(ErrorKind::input, "sizing.no_arm",
                field.left_out.empty() ? "no prompt was answered by every arm"
                                       : "no arm has joules: " + field.left_out[0].reason.message,
                "choose among arms that run here, and let the study run to its end");
  }
  if (!any_graded(field)) {
    return fail(ErrorKind::input, "sizing.ungraded",
                fmt::format("no answer of this study was graded by '{}'",
                            to_string(requirement.measure)),
                "give the prompts such a checker (docs/formats/prompts.md), or require another "
                "measure: correct fits every checker");
  }
  return field;
}

Result<Sizing> size_arms(const StudyResult& study, const SizingOptions& options) {
  const auto field = sizable(study, options);
  if (!field) return fail(field.error());
  return size_field(*field, options);
}

Sizing size_field(const Field& field, const SizingOptions& options) {
  Sizing out;
  out.options = options;
  out.all = fit_on(field, options, "", field.prompts);
  if (field.kinds.size() > 1) {
    for (std::size_t k = 0; k < field.kinds.size(); ++k) {
      out.kinds.push_back(fit_on(field, options, field.kinds[k], field.of_kind(k, field.prompts)));
    }
  }
  out.notes = notes_of(field);
  return out;
}

}  // namespace joulebook
