#include "attribution/window_work.h"

#include <algorithm>
#include <cmath>

#include "attribution/step_curve.h"
#include "core/breath.h"

namespace joulebook::attribution {
namespace {

constexpr double kNano = 1e-9;
constexpr double kChunk = 2048;  // prompt tokens a step where no decoder shows the steps

std::size_t index(Phase phase) { return static_cast<std::size_t>(phase); }

// Tokens of a first bunch by which twice as much is not known of when a prompt ended. On seeds up to 60 of the
// simulated engine.
constexpr double kBunch = 8;

// Of a tail's share of steps so many times as much is not known as of a prompt's beginning.
constexpr double kUnheard = 3;

// Part of [from, to) in the window; of an instant: all or nothing.
double inside(std::int64_t from, std::int64_t to, std::int64_t begin, std::int64_t end) {
  if (to <= from) return to > begin && to <= end ? 1 : 0;
  const std::int64_t cut = std::min(to, end) - std::max(from, begin);
  return cut <= 0 ? 0 : static_cast<double>(cut) / static_cast<double>(to - from);
}

class Worker {
 public:
  Worker(const PriceList& prices, std::int64_t begin, std::int64_t end)
      : prices_(prices), begin_(begin), end_(end) {}

  void draw(std::uint32_t upstream, const Course& c, StepCurve& curve) const {
    if (upstream == kNone) return;
    if (c.prefilled && c.read > 0) curve.sequence(c.from, c.first, StepCurve::kReading);
    for (const auto& made : c.sequences) {
      if (made.empty()) continue;
      std::int64_t from = std::max(made.front().begin, c.first), to = from;
      for (const Made& m : made) {
        if (m.begin > to) {  // put aside in between
          curve.sequence(from, to, StepCurve::kDecoding);
          from = m.begin;
        }
        to = std::max(m.end, to);
        curve.decoding(m.begin, m.end, m.steps);
      }
      curve.sequence(from, to, StepCurve::kDecoding);
    }
    for (const Again& a : c.again) curve.sequence(a.from, a.until, StepCurve::kReading);
  }

  RequestWork work(const Track& t, const Course& c, const StepCurve& curve) const {
    RequestWork w{.request = t.id, .upstream = t.arrived.upstream};
    const Prices& price = prices_.of(w.upstream);
    if (c.prefilled && c.read > 0)
      prompt(w, {c.from, c.first, c.read}, c.prompt - c.read / 2, price, curve);
    w.prompt_edge *= 1 + (c.bunch - 1) / kBunch;
    const double once = w.phases[index(Phase::prefill)][kPrompt];
    for (const Again& a : c.again) prompt(w, a, a.tokens / 2, price, curve);
    for (const auto& sequence : c.sequences) {
      for (const Made& m : sequence) decoded(w, m, c, price, curve);
    }
    w.unknown = w.phases[index(Phase::prefill)][kPrompt];  // whether it was read again nobody says
    if (c.known && c.read >= c.computed) w.unknown -= once;
    w.untold = c.untold;
    if (!t.ended) w.provisional = w.total[kPrompt] + w.total[kPromptContext] + w.total[kContext];
    w.unseen = !t.ended && !t.first;
    return w;
  }

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  // The part of a stretch in which there was nobody but the choices of this request.
  static double alone_in(const StepCurve::Span& span, double choices) {
    const bool all_own = choices > 1 && span.mean_share() * choices > 1 - 1e-6;
    return all_own ? 1 : span.alone_part();
  }

  // Adds parts (amounts, not yet priced) of which `alone` was done with nobody else in the step.
  void add(RequestWork& w, Phase phase, const Parts& amounts, const Prices& price, double alone,
           double expert_share) const {
    for (std::size_t i = 0; i < kParts; ++i) {
      double j = amounts[i] * price.joules[i];
      if (i == kStep) j += expert_share * price.expert_joules;
      if (!std::isfinite(j) || j < 0) continue;
      w.phases[index(phase)][i] += j;
      w.total[i] += j;
      w.alone[i] += j * alone;
      w.among[i] += j * (1 - alone);
      if (i != kTime && i != kStep) w.lengthened[i] += amounts[i] * price.seconds[i] * (1 - alone);
    }
  }

  // `attended`: tokens that each of them attends to, mean.
  void prompt(RequestWork& w, const Again& a, double attended, const Prices& price,
              const StepCurve& curve) const {
    const double part = inside(a.from, a.until, begin_, end_);
    if (part <= 0) return;
    const StepCurve::Span span = curve.over(a.from, a.until, StepCurve::kReading);
    const double n = a.tokens * part;
    Parts amounts{};
    amounts[kPrompt] = n;
    amounts[kPromptContext] = n * price.seen(attended);
    const double own_steps = std::ceil(a.tokens / kChunk) * part;
    const double steps = span.steps > 0 ? span.steps : own_steps;
    amounts[kStep] = span.steps > 0 ? span.share_steps : own_steps * span.mean_share();
    amounts[kTime] = span.shares_s;
    // Of the experts that its chunk calls, those that the decoders had not called already.
    const double chunk = n / std::max(steps, 1.0);
    const double others = span.mean_share() > 0 ? std::max(1 / span.mean_share() - 1, 0.0) : 0;
    const double experts =
        (price.touched(others + chunk) - price.touched(others)) * std::max(steps, part);
    add(w, Phase::prefill, amounts, price, span.alone_part(), experts);
    // Whether it had a chunk in a step more nobody says: of few steps that is much.
    const double doubt = 1 + 1 / std::max(steps / part, 1.0);
    w.prompt_edge +=
        doubt * (amounts[kStep] * price.joules[kStep] + amounts[kTime] * price.joules[kTime]);
  }

  void decoded(RequestWork& w, const Made& m, const Course& c, const Prices& price,
               const StepCurve& curve) const {
    const std::int64_t from = std::max(m.begin, std::min(c.first, m.end));
    const double part = inside(from, m.end, begin_, end_);
    if (part <= 0 || m.steps <= 0) return;
    const StepCurve::Span span = curve.over(from, m.end, StepCurve::kDecoding);
    const double share = span.mean_share();
    const double steps = m.steps * part;
    Parts amounts{};
    amounts[kStep] = steps * share;
    amounts[kTime] = span.shares_s;
    const double rows = m.verified * part;
    const double kept = std::min(rows, m.tokens * part);
    amounts[kToken] = kept;
    // One reading of the cache serves all tokens that a step verifies.
    amounts[kContext] = steps * price.seen(c.prompt + m.before + m.tokens / 2);
    const double batch = share > 0 ? 1 / share : 1;
    const double experts = price.touched(batch * m.verified / m.steps) * share * steps;
    const double alone = alone_in(span, static_cast<double>(c.sequences.size()));
    add(w, m.reasoning ? Phase::reason : Phase::answer, amounts, price, alone, experts);
    // When its server noticed that nobody listens its page tells to a second.
    if (m.unheard) w.prompt_edge += kUnheard * (amounts[kStep] * price.joules[kStep] + amounts[kTime] * price.joules[kTime]);
    if (rows <= kept) return;
    Parts rejected{};
    rejected[kToken] = rows - kept;
    add(w, Phase::wasted, rejected, price, alone, 0);
  }

  const PriceList& prices_;
  std::int64_t begin_;
  std::int64_t end_;
};

// What passed nobody: its sequences are in every step of the window.
Parts beside(const Bypass& b, const Prices& price, const StepCurve& curve, double context,
             std::int64_t begin, std::int64_t end) {
  const StepCurve::Span all = curve.over(begin, end, StepCurve::kDecoding);
  const double window_s = static_cast<double>(end - begin) * kNano;
  const double sequences = std::max(b.sequences, 1e-9);
  // Where others are in the steps it has what they leave; else all of it.
  const double shared_s = all.shares_s * sequences;
  const double idle_s = std::max(window_s - curve.busy_s(), 0.0);
  Parts p{};
  const double own_s = std::min(shared_s + idle_s, window_s);
  p[kTime] = own_s * price.joules[kTime];
  p[kStep] = std::min(b.output / std::max(sequences, 1.0), b.output) * price.joules[kStep] *
             (window_s > 0 ? own_s / window_s : 1.0);
  p[kToken] = b.output * price.joules[kToken];
  p[kContext] = b.output * context * price.joules[kContext];
  p[kPrompt] = b.prompt * price.joules[kPrompt];
  return p;
}

void sum(Parts& into, const Parts& parts) {
  for (std::size_t i = 0; i < kParts; ++i) into[i] += parts[i];
}

double total(const Parts& parts) {
  double j = 0;
  for (const double x : parts) j += x;
  return j;
}

// Seconds that steps of these parts should take, by the prices; the parts are in J.
void expected_time(const RequestWork& w, const Prices& price, Parts& seconds) {
  for (std::size_t i = 0; i < kParts; ++i) {
    if (i != kTime && price.joules[i] > 0)
      seconds[i] += w.total[i] / price.joules[i] * price.seconds[i];
  }
}

}  // namespace

WindowWork window_work(const Tracks& tracks, const PriceList& prices,
                       const std::map<std::uint32_t, Bypass>& bypass, std::int64_t begin,
                       std::int64_t end) {
  WindowWork out;
  if (end <= begin) return out;
  const std::vector<const Track*> known = tracks.within(begin, end);
  std::vector<Course> courses;
  courses.reserve(known.size());
  std::map<std::uint32_t, StepCurve> curves;
  const Worker worker(prices, begin, end);
  const auto curve_of = [&](std::uint32_t upstream) -> StepCurve& {
    const auto b = bypass.find(upstream);
    return curves
        .try_emplace(upstream, begin, end, b == bypass.end() ? 0 : b->second.sequences,
                     tracks.pace(upstream).reads_apart())
        .first->second;
  };
  for (const Track* t : known) {
    courses.push_back(tracks.course(*t));
    worker.draw(t->arrived.upstream, courses.back(), curve_of(t->arrived.upstream));
    const std::int64_t from = std::max(courses.back().load_from, begin);
    const std::int64_t until = std::min(courses.back().load_until, end);
    if (until > from) out.loads.push_back({t->arrived.upstream, from, until});
  }
  for (const auto& [upstream, b] : bypass) (void)curve_of(upstream);
  for (auto& [upstream, curve] : curves) {
    curve.build();
    out.busy_s += curve.busy_s();
  }
  double unknown = 0, provisional = 0;
  for (std::size_t i = 0; i < known.size(); ++i) {
    breathe();
    RequestWork w = worker.work(*known[i], courses[i], curves.at(known[i]->arrived.upstream));
    provisional += w.provisional;
    if (w.unseen) out.known = false;
    if (!(total(w.total) > 0)) continue;
    sum(out.total, w.total);
    expected_time(w, prices.of(w.upstream), out.step_parts);
    unknown += w.untold ? total(w.total) : w.unknown;
    out.requests.push_back(w);
  }
  constexpr double kContextBeside = 1000;  // tokens: nobody says
  for (const auto& [upstream, b] : bypass) {
    if (b.sequences <= 0 && b.output <= 0 && b.prompt <= 0) continue;
    const Parts parts = beside(b, prices.of(upstream), curves.at(upstream), kContextBeside, begin, end);
    out.bypass.emplace(upstream, parts);
    sum(out.total, parts);
  }
  if (!out.loads.empty()) out.known = false;  // what loading takes has no price
  if (unknown > 0.1 * total(out.total) || provisional > 0.03 * total(out.total)) out.known = false;
  return out;
}

}  // namespace joulebook::attribution
