#include "account/audit/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"

namespace joulebook::account {
namespace {

constexpr double kSeenRounding = 0.05;  // of the value, from which a reader has to be told of it

const Finding* first(const std::vector<Finding>& findings, RuleState state) {
  const auto found = std::ranges::find(findings, state, &Finding::state);
  return found == findings.end() ? nullptr : &*found;
}

// Missing inputs that move the range, with how far: "batch (18 times)".
std::vector<std::string> decisive(const Claim& claim, const Computed& c) {
  std::vector<std::string> names;
  for (const Contribution& part : c.contributions) {
    if (!c.trace.missing.contains(part.input) || part.factor < kMattersFrom) continue;
    const ClaimInput* stated = claim.input(part.input);
    std::string why = stated == nullptr ? "" : fmt::format("'{}' is in no table", stated->text);
    if (std::isfinite(part.factor)) why += fmt::format("{}{} times", why.empty() ? "" : "; ", short_number(part.factor));
    names.push_back(part.input + (why.empty() ? "" : " (" + why + ")"));
  }
  return names;
}

Judged outside(const Claim& claim, const Computed& c, double lo, double hi) {
  Judged j{Verdict::inconsistent, {}, 1, false};
  const std::string range = range_in_unit(claim, c);
  const bool above = lo > c.hi;
  j.off = above ? (c.hi > 0 ? lo / c.hi : 0) : (c.lo > 0 && hi > 0 ? hi / c.lo : 0);
  const double times = j.off > 0 ? (above ? j.off : 1 / j.off) : 0;
  const char* where = above ? "above" : "below";
  // Of "10 GWh" the reader would count from 10: it may be 5 to 15.
  std::string said = claim.value.stated;
  if (claim.value.rounding > kSeenRounding * std::abs(claim.value.value)) {
    said += fmt::format(" (as rounded: {} to {})", short_number(lo / claim.value.unit.factor), short_number(hi / claim.value.unit.factor));
  }
  j.because = times > 0 ? fmt::format("{} is {} times {} the recomputed {}", said, short_number(times), where, range)
                        : fmt::format("{} lies {} the recomputed {}", said, where, range);
  return j;
}

// No meter runs backwards. A difference may be below zero, where a recipe takes it.
bool below_zero(const Claim& claim, const std::optional<Computed>& computed) {
  const auto& powers = claim.value.unit.dimension.powers;
  const auto energy = powers.find("J");
  return energy != powers.end() && energy->second == 1 && claim.value.hi + claim.value.rounding < 0 && !(computed && computed->lo < 0);
}

Judged inside(const Claim& claim, const Computed& c, const std::vector<Finding>& findings, double lo, double hi) {
  Judged j{Verdict::consistent, {}, 1, true};
  const auto missing = decisive(claim, c);
  if (!missing.empty()) {
    j.verdict = Verdict::not_checkable;
    j.because = fmt::format("{} {} missing", join(missing, ", "), missing.size() == 1 ? "is" : "are");
    return j;
  }
  if (c.span() > kWidestRange || (c.lo <= 0 && c.hi > 0)) {
    j.verdict = Verdict::not_checkable;
    j.because = c.span() > 0 ? fmt::format("the range spans {} times", short_number(c.span())) : "the range reaches zero";
    return j;
  }
  const double room = kNear * std::abs(c.best.value);
  const bool pinned = c.best.value >= lo - room && c.best.value <= hi + room && (c.lo == c.hi || (c.span() > 0 && c.span() <= kPinned));
  const bool noted = first(findings, RuleState::notes) != nullptr;
  // "10 mL" may be 5 to 15: what it says no more finely than that is reproduced by no number.
  const double off = claim.value.value / c.best.value;
  const bool coarse = !claim.value.range && (off > kPinned || off < 1 / kPinned);
  if (pinned && coarse) {
    j.because = fmt::format("within the rounding of {} ({} to {})", claim.value.stated, short_number(lo / claim.value.unit.factor), in_unit(claim, hi));
    return j;
  }
  if (pinned && c.trace.assumed.empty() && c.trace.missing.empty()) {
    j.verdict = Verdict::reproduced;
    if (noted) j.because = "the number is; what it is taken for, see the rules";
    return j;
  }
  if (!c.trace.assumed.empty()) {
    j.because = fmt::format("within the range; assumed: {}", join(std::vector<std::string>(c.trace.assumed.begin(), c.trace.assumed.end()), ", "));
  } else {
    j.because = "within the range, which is wider than the statement's rounding";
  }
  return j;
}

}  // namespace

std::string short_number(double x) {
  const double a = std::abs(x);
  if (a == 0) return "0";
  if (a >= 1e15 || a < 1e-4) return fmt::format("{:.3g}", x);
  if (a >= 1000) {
    const double unit = std::pow(10, std::max(0.0, std::floor(std::log10(a)) - 3));
    std::string digits = fmt::format("{:.0f}", std::round(x / unit) * unit);
    for (auto at = static_cast<std::int64_t>(digits.size()) - 3; at > (x < 0 ? 1 : 0); at -= 3) digits.insert(static_cast<std::size_t>(at), ",");
    return digits;
  }
  return fmt::format("{:.3g}", x);
}

std::string in_unit(const Claim& claim, double base_value) {
  const std::string& unit = claim.value.unit.text;
  return short_number(base_value / claim.value.unit.factor) + (unit.empty() ? "" : " " + unit);
}

std::string range_in_unit(const Claim& claim, const Computed& c) {
  const std::string lo = short_number(c.lo / claim.value.unit.factor), hi = short_number(c.hi / claim.value.unit.factor);
  return lo == hi ? in_unit(claim, c.lo) : fmt::format("{} to {}", lo, in_unit(claim, c.hi));
}

// What is counted may be left out on one side: J for J/response. J/image is no J/response.
bool same_kind(const Dimension& recipe, const Dimension& claim) {
  const Dimension rest = recipe / claim;
  if (rest.none()) return true;
  if (rest.powers.size() != 1) return false;
  constexpr std::string_view kNouns[] = {"response", "image", "video", "run", "device", "step", "charge", "flight", "sample", "page", "session", "household", "user", "car", "server", "word"};
  const auto& [noun, power] = *rest.powers.begin();
  return std::abs(power) == 1 && std::ranges::find(kNouns, std::string_view(noun)) != std::end(kNouns);
}

namespace {
// Of an open rule, which the verdict says again: "not checkable: the energy is missing".
std::string reason_of(const Finding& open) {
  constexpr std::string_view kSaid = "not checkable: ";
  return open.message.starts_with(kSaid) ? open.message.substr(kSaid.size()) : open.message;
}
}  // namespace

Judged judge(const Claim& claim, const std::optional<Computed>& computed, const std::optional<Error>& error, const std::vector<Finding>& findings) {
  const double lo = claim.value.lo - claim.value.rounding, hi = claim.value.hi + claim.value.rounding;
  Judged j;
  if (computed && !same_kind(computed->best.dimension, claim.value.unit.dimension)) {
    const auto slip = converted(Measure::exact(1, {1, computed->best.dimension, ""}), claim.value.unit);
    j.verdict = Verdict::inconsistent;
    j.off = 0;
    j.because = fmt::format("the claim is in {}, its recipe gives {}: {}", claim.value.unit.dimension.text(), computed->best.dimension.none() ? "a plain number" : computed->best.dimension.text(),
                            computed->best.dimension.none() ? "multiply it by an amount of one, which is an input" : slip ? "" : slip.error().cure);
    return j;
  }
  if (below_zero(claim, computed)) {
    j.verdict = Verdict::inconsistent;
    j.off = 0;
    j.because = fmt::format("{} is below zero, and no energy is; of a saving say both amounts and a recipe: before - after", claim.value.stated);
    return j;
  }
  const bool beyond = computed && (lo > computed->hi * (1 + kNear) || hi < computed->lo * (1 - kNear));
  if (beyond) {
    j = outside(claim, *computed, lo, hi);
  } else if (computed) {
    j = inside(claim, *computed, findings, lo, hi);
  } else {
    const Finding* open = first(findings, RuleState::unknown);
    j.because = error ? error->message : open != nullptr ? reason_of(*open) : "it has no recipe, and its unit and inputs imply none; is it an amount per response, token, image, or of a training?";
  }
  if (const Finding* failed = first(findings, RuleState::fails)) {
    j.verdict = Verdict::inconsistent;
    if (!beyond) j.because = failed->message;
    // A reader mends one thing at a time, and should know of all.
    std::string others;
    for (const Finding& f : findings) {
      if (f.state == RuleState::fails && (beyond || &f != failed)) others += (others.empty() ? "" : ", ") + f.rule;
    }
    if (!others.empty()) j.because += fmt::format("; {}: {}", beyond ? "rules that fail" : "and so fail", others);
  } else if (const Finding* blocked = first(findings, RuleState::blocks); blocked != nullptr && j.verdict != Verdict::inconsistent) {
    j.verdict = Verdict::not_checkable;
    j.because = blocked->message;
  }
  return j;
}

}  // namespace joulebook::account
