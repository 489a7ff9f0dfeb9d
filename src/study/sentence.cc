#include "study/sentence.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "study/comparison.h"

namespace joulebook {
namespace {

// Above this relative half-width an energy ratio is called noisy.
constexpr double kNoisy = 0.25;

// Three significant digits, never in scientific form: "0.961", "2.41", "12.3", "1240".
std::string number(double x) {
  if (!std::isfinite(x)) return "any number";
  if (x == 0) return "0";
  const int before = static_cast<int>(std::floor(std::log10(std::abs(x)))) + 1;
  return fmt::format("{:.{}f}", x, std::clamp(3 - before, 0, 9));
}

// A count that may be a mean over repeats: "3", "2.5".
std::string count(double x) {
  return std::abs(x - std::round(x)) < 1e-9 ? fmt::format("{:.0f}", x) : fmt::format("{:.1f}", x);
}

std::string range(const Interval& i) { return fmt::format("{} to {}", number(i.lo), number(i.hi)); }

std::string capital(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 32);
  return text;
}

// "2.5 times as long (2.4 to 2.6)", with what may be concluded.
std::string figure(const Quantity& q, std::string_view what) {
  const std::string value = fmt::format("{} times {}", number(*q.value), what);
  const Interval i = q.interval();
  if (!std::isfinite(i.hi)) return value;
  if (i.lo == i.hi) return value + (*q.value == 1 ? " (no difference)" : "");
  if (claim(q) == Claim::same) {
    return fmt::format("{} ({}: no difference beyond doubt)", value, range(i));
  }
  return fmt::format("{} ({})", value, range(i));
}

struct Names {
  std::string a;
  std::string b;
};

// One model in two modes is told by what it did, everything else by its name.
Names names_of(const StudyResult& study, const Comparison& c) {
  const ArmSpec& a = study.arms[c.a].spec;
  const ArmSpec& b = study.arms[c.b].spec;
  const std::string direct = "answering at once";
  const std::string reason = "thinking first";
  if (a.model == b.model && a.mode != b.mode && study.arms.size() == 2) {
    return a.mode == Mode::direct ? Names{direct, reason} : Names{reason, direct};
  }
  return {a.name, b.name};
}

std::string length_and_price(const Split& split) {
  std::string out;
  if (split.longer.these.present()) {
    out = "its answers were " + figure(split.longer.these, "as long");
  }
  if (split.dearer.these.present()) {
    out += " and each output token cost " + figure(split.dearer.these, "as much");
  }
  return out;
}

std::string lead(const StudyResult& study, const Comparison& c) {
  const Names names = names_of(study, c);
  if (c.prompts == 0) {
    return fmt::format("No prompt was answered by both {} and {}.", names.a, names.b);
  }
  const Quantity& energy = c.split.energy.these;
  const std::string parts = length_and_price(c.split);
  if (!energy.present()) {
    return fmt::format("The energy of {} cannot be set against that of {}: {} ({}).{}", names.b,
                       names.a, energy.reason->message, energy.reason->code,
                       parts.empty() ? "" : " " + capital(parts) + ".");
  }
  return fmt::format("{} cost {}{}.", capital(names.b), figure(energy, "the energy of " + names.a),
                     parts.empty() ? "" : ": " + parts);
}

std::string price_of_gain(const Comparison& c) {
  const Quantity& price = c.j_per_extra_correct;
  if (!price.present()) {
    return price.reason && price.reason->code == "bought.free" ? ", for less energy" : "";
  }
  const std::string each = fmt::format(", at {} each", human(*price.value, "J"));
  return std::isfinite(price.own.hi) ? each : each + " (that it gains any is not beyond doubt)";
}

// What was bought with the energy, in correct answers.
std::string gain(const StudyResult& study, const Comparison& c) {
  const auto checkable = std::min(study.arms[c.a].checkable, study.arms[c.b].checkable);
  if (checkable == 0) return "None of the answers could be checked.";
  if (std::abs(c.extra_correct) < 1e-9) {
    const bool more = claim(c.split.energy.these) == Claim::more;
    return fmt::format("It got no more and no fewer of {} checkable answers right{}.", checkable,
                       more ? ": the extra energy bought none" : "");
  }
  if (c.extra_correct < 0) {
    return fmt::format("It got {} fewer of {} checkable answers right.", count(-c.extra_correct),
                       checkable);
  }
  return fmt::format("It got {} more of {} checkable answers right{}.", count(c.extra_correct),
                     checkable, price_of_gain(c));
}

std::string alike(const Comparison& c) {
  if (!c.split.energy.alike) return {};
  return fmt::format("For other prompts like these: {} times the energy.",
                     range(*c.split.energy.alike));
}

std::string censored(const StudyResult& study, const Comparison& c) {
  if (!c.censored) return {};
  const auto cut = [&](std::size_t arm) { return 100 * censored_share(study.arms[arm]); };
  return fmt::format(
      "Censored: the token limit cut {:.0f} % of the answers of {} and {:.0f} % of {}, so the "
      "ratios would be others without it.",
      cut(c.b), study.arms[c.b].spec.name, cut(c.a), study.arms[c.a].spec.name);
}

std::string scatter(const Comparison& c) {
  const Quantity& ratio =
      c.split.energy.these.present() ? c.split.energy.these : c.split.longer.these;
  if (!ratio.present()) return {};
  if (!std::isfinite(ratio.own.hi)) {
    return "Each prompt was run once, so how far a repeat would differ is not known.";
  }
  Quantity own = ratio;
  own.shared.clear();
  if (claim(own) != claim(ratio)) {
    return "The doubt lies in what the machine draws, which repeats do not lessen, not in the "
           "scatter of the trials.";
  }
  if ((own.own.hi - own.own.lo) / 2 > kNoisy * *own.value) {
    return "The trials scatter widely; more rounds would narrow this.";
  }
  return {};
}

bool modelled(const Quantity& q) { return q.present() && q.tier >= Tier::modelled; }

constexpr std::string_view kCpuTime =
    "No sensor was read: joules are CPU time times modelled watts, so the ratio compares CPU time.";

std::string sensorless(const Comparison& c) {
  return modelled(c.split.energy.these) ? std::string(kCpuTime) : std::string();
}

std::string joined(const std::vector<std::string>& sentences) {
  std::string out;
  for (const auto& s : sentences) {
    if (s.empty() || out.find(s) != std::string::npos) continue;
    out += (out.empty() ? "" : " ") + s;
  }
  return out;
}

std::string single_arm(const ArmResult& arm) {
  const Quantity& energy = arm.j_per_response.these;
  if (!energy.present()) {
    return fmt::format("The energy of {} is not known: {} ({}).", arm.spec.name,
                       energy.reason->message, energy.reason->code);
  }
  const Interval i = energy.interval();
  const std::string within =
      std::isfinite(i.hi) ? fmt::format(" ({} to {})", human(i.lo, "J"), human(i.hi, "J")) : "";
  const std::string once =
      within.empty() ? "Each prompt was run once, so how far a repeat would differ is not known."
                     : "";
  const std::string model =
      modelled(energy) ? "No sensor was read: joules are CPU time times modelled watts." : "";
  return joined({fmt::format("{} took {}{} a response of {} output tokens.", capital(arm.spec.name),
                             human(*energy.value, "J"), within, number(arm.output_tokens)),
                 once, model});
}

}  // namespace

Claim claim(const Quantity& ratio) {
  if (!ratio.present() || !(*ratio.value > 0)) return Claim::unknown;
  const Interval i = ratio.interval();
  if (!std::isfinite(i.hi) || i.lo <= 0) return Claim::unknown;
  const double value = std::log(*ratio.value);
  const double down = kJointWidening * (value - std::log(i.lo));
  const double up = kJointWidening * (std::log(i.hi) - value);
  if (value - down > 0) return Claim::more;
  if (value + up < 0) return Claim::less;
  return Claim::same;
}

std::string comparison_sentence(const StudyResult& study, const Comparison& c) {
  if (c.prompts == 0) return lead(study, c);
  return joined(
      {lead(study, c), gain(study, c), alike(c), scatter(c), censored(study, c), sensorless(c)});
}

std::string study_sentence(const StudyResult& study) {
  if (study.arms.empty()) return "The study has no arms.";
  if (study.comparisons.empty()) return single_arm(study.arms.front());
  if (study.comparisons.size() == 1) {
    return comparison_sentence(study, study.comparisons.front());
  }
  std::vector<std::string> all;
  for (const auto& c : study.comparisons) all.push_back(lead(study, c));
  for (const auto& c : study.comparisons) all.push_back(scatter(c));
  for (const auto& c : study.comparisons) all.push_back(censored(study, c));
  for (const auto& c : study.comparisons) all.push_back(sensorless(c));
  return joined(all);
}

}  // namespace joulebook
