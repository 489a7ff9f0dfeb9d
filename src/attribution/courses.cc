// What a request did when, from what was seen of it: Tracks::course and what it needs.
#include <algorithm>
#include <cmath>

#include "attribution/engines.h"
#include "attribution/track_units.h"
#include "attribution/tracks.h"

namespace joulebook::attribution {
namespace {

constexpr double kBytesPerToken = 4;  // of prompts, before usage says more

}  // namespace

void Tracks::count(const Track& t, Course& c) const {
  const double guess =
      t.arrived.prompt_bytes
          ? std::clamp(static_cast<double>(*t.arrived.prompt_bytes) / kBytesPerToken, 1.0,
                       kMostTokens)
          : 100;
  c.known = t.usage.prompt.has_value();
  c.prompt = count_or(t.usage.prompt, guess);
  c.cached = std::min(count_or(t.usage.cached, 0), c.prompt);
  c.computed = c.read = c.prompt - c.cached;
  for (const auto& [choice, s] : t.sequences) c.output += s.tokens;
  if (t.usage.output) c.output = count_or(t.usage.output, 0);
  if (t.arrived.embedding) c.output = 0;
  c.reasoning = std::min(count_or(t.usage.reasoning, t.reasoning), c.output);
  if (t.usage.drafted && t.usage.accepted) {
    c.rejected = std::max(count_or(t.usage.drafted, 0) - count_or(t.usage.accepted, 0), 0.0);
  }
  c.end = t.ended ? std::max(*t.ended, t.let_go) : std::max(now_, t.last);
}

// The earliest that its prompt can have been begun: when it was sent; when the prompt before it in
// the queue was done; and a step that was under way is not joined.
std::int64_t Tracks::queued_until(const Track& t, std::int64_t first, double gap_s) const {
  std::int64_t from = *t.sent;
  const std::int64_t together = first - nanos(std::clamp(0.3 * gap_s, 0.001, 0.05));
  const auto queue = firsts_.find(t.arrived.upstream);
  if (queue != firsts_.end()) {
    const auto before = queue->second.lower_bound(together);
    if (before != queue->second.begin()) from = std::max(from, *std::prev(before));
  }
  const auto steps = steps_.find(t.arrived.upstream);
  if (steps != steps_.end() && from == *t.sent) {
    const auto next =
        std::lower_bound(steps->second.begin(), steps->second.end(), from,
                         [](const StepEnd& s, std::int64_t x) { return s.first < x; });
    if (next != steps->second.end() && next->last < together) from = next->first;
  }
  return from;
}

// The prompt ends with the first token, and begins as queued_until says, or as late as the pace
// that this upstream has shown allows.
void Tracks::place_prompt(const Track& t, Course& c) const {
  const Pace pace = this->pace(t.arrived.upstream);
  const std::int64_t sent = *t.sent;
  std::int64_t from = t.first ? queued_until(t, c.first, pace.gap_s) : sent;
  if (t.timings.load_s) from = std::max(from, std::min(sent + nanos(*t.timings.load_s), c.first));
  if (t.timings.prefill_s) {
    from = c.first - nanos(*t.timings.prefill_s);
  } else if (pace.seconds_per_token > 0) {
    constexpr double kSlack = 1.5;  // a prompt that shares its steps takes longer than the quickest
    // Nobody told what the cache held: no more was read than there was time for.
    const double most = (seconds(from, c.first) + pace.gap_s) / pace.seconds_per_token;
    if (!t.usage.cached && t.first) c.read = std::min(c.read, most);
    from =
        std::max(from, c.first - nanos(kSlack * pace.seconds_per_token * c.computed + pace.gap_s));
  }
  c.from = std::clamp(from, sent, std::max(sent, c.first));
  c.prefilled = true;
}

// Tokens that were thought and never shown: their count comes with the usage, and all of them were made
// before the first that is seen. Where some thinking was shown, its events hold several tokens.
double Tracks::hidden(const Track& t, const Course& c) {
  if (t.reasoning > 0 || t.outcome != Outcome::complete || t.sequences.size() != 1) return 0;
  return std::clamp(count_or(t.usage.reasoning, 0), 0.0, std::max(c.output - 1, 0.0));
}

// They were made at the pace of those behind them, in the time that the prompt leaves; where that is about
// as long, in all of it.
void Tracks::place_hidden(const Track& t, Course& c) const {
  const Sequence& seen = t.sequences.begin()->second;
  const Pace pace = this->pace(t.arrived.upstream);
  const std::int64_t shown = *t.first;
  const double waited = seconds(*t.sent, shown) - t.timings.load_s.value_or(0);
  constexpr double kPromptToken = 0.02, kNearlyAll = 0.6, kEnough = 4;
  const double prompt_s = pace.seconds_per_token > 0
                              ? pace.seconds_per_token * c.computed + pace.gap_s
                              : waited * kPromptToken * c.computed / (kPromptToken * c.computed + c.hidden);
  const double room = std::max(waited - prompt_s, 0.0);
  const double left = c.output - c.hidden;
  const double gap = left >= kEnough ? seconds(shown, seen.last) / (left - 1) : pace.gap_s;
  const double took = gap > 0 && c.hidden * gap < kNearlyAll * room ? c.hidden * gap : room;
  if (!t.timings.decode_s) c.first = std::max(shown - nanos(took), *t.sent);
  c.bunch = 1;
  // The prompt's end gives the first of them; the first that is seen comes a step after the last.
  c.sequences.push_back({Made{c.first, shown, c.hidden, c.hidden, c.hidden, 0, true}});
}

// The end of an answer is let go of with the next bunch, of which it fills a part only.
std::int64_t Tracks::made_by(const Track& t, const Sequence& s, const Piece& p) {
  constexpr double kBunch = 3, kMuchLess = 0.7;
  if (!t.ended || &p != &s.pieces.back() || s.pieces.size() < 2) return p.end;
  const Piece& before = s.pieces[s.pieces.size() - 2];
  if (before.tokens < kBunch || before.end <= before.begin) return p.end;
  const double took = p.tokens * seconds(before.begin, before.end) / before.tokens;
  return took < kMuchLess * seconds(p.begin, p.end) ? p.begin + nanos(took) : p.end;
}

void Tracks::place_tokens(const Track& t, Course& c) const {
  double remarked = 0, events = 0;
  for (const auto& [choice, s] : t.sequences) {
    remarked += s.tokens;
    events += s.events;
  }
  const double scale = t.ended && remarked > 0 && c.output > 0 && t.outcome == Outcome::complete
                           ? (c.output - c.hidden) / remarked
                           : 1;
  const bool drafts = t.usage.drafted.value_or(0) > 0;
  const double steps_seen = std::max(events - static_cast<double>(t.sequences.size()), 1.0);
  const double drafted = count_or(t.usage.drafted, 0) / steps_seen;
  for (const auto& [choice, s] : t.sequences) {
    std::vector<Made>& made = c.hidden > 0 ? c.sequences.front() : c.sequences.emplace_back();
    for (const Piece& p : s.pieces) {
      Made m{p.begin,          made_by(t, s, p), p.tokens * scale, drafts ? p.events : p.tokens, 0,
             c.hidden + p.before * scale, p.reasoning};
      if (p.before == 0)
        m.steps = std::max(m.steps - 1, 0.0);  // the first comes with the prompt's end
      m.verified = drafts          ? m.steps * (1 + drafted)
                   : p.before == 0 ? std::max(m.tokens - 1, 0.0)
                                   : m.tokens;
      put_aside(t, m, c);
      made.push_back(m);
    }
    // Its client had gone, and its server was still at it: a token a step that nobody heard of.
    if (!t.ended || t.let_go <= *t.ended) continue;
    const double steps =
        seconds(s.last, t.let_go) * step_rate(t.arrived.upstream, *t.ended - kLately, *t.ended);
    const bool thinks = !s.pieces.empty() && s.pieces.back().reasoning;
    made.push_back({s.last, t.let_go, steps, steps, steps * (1 + (drafts ? drafted : 0)), s.tokens * scale, thinks, true});
  }
}

double Tracks::steps_seen(std::uint32_t upstream, std::int64_t from, std::int64_t to) const {
  const auto found = clocks_.find(upstream);
  if (found == clocks_.end()) return 0;
  const auto& ticks = found->second.ticks;
  double steps = 0;
  for (auto it = std::lower_bound(ticks.begin(), ticks.end(), from,
                                  [](const auto& tick, std::int64_t at) { return tick.at <= at; });
       it != ticks.end() && it->at < to; ++it) {
    steps += it->steps;
  }
  return steps;
}

double Tracks::step_rate(std::uint32_t upstream, std::int64_t from, std::int64_t to) const {
  const double steps = steps_seen(upstream, from, to);
  if (steps > 0 && to > from) return steps / seconds(from, to);
  const double gap = pace(upstream).gap_s;
  return gap > 0 ? 1 / gap : 0;
}

void Tracks::put_aside(const Track& t, Made& m, Course& c) const {
  constexpr double kPause = 0.15, kGaps = 8, kSteps = 4;  // s, of gaps and steps a token
  constexpr double kKeptBack = 10;  // of what tokens are kept back anyway
  const Pace pace = this->pace(t.arrived.upstream);
  const double length = seconds(m.begin, m.end), steps = std::max(m.steps, 1.0);
  if (m.before <= 0 || pace.gap_s <= 0 || length < std::max({kPause, kGaps * pace.gap_s * steps, kKeptBack * pace.late_s()}) ||
      steps_seen(t.arrived.upstream, m.begin, m.end) < kSteps * steps) {
    return;
  }
  constexpr double kSlack = 1.5;  // as a prompt's
  const double context = c.prompt + m.before;
  Again again{.until = m.end - nanos(pace.gap_s * steps), .tokens = context};
  again.from = std::max(
      m.begin, again.until - nanos(kSlack * pace.seconds_per_token * context + pace.gap_s));
  m.begin = again.until;
  c.again.push_back(again);
}

Course Tracks::course(const Track& t) const {
  Course c;
  count(t, c);
  double events = 0;
  for (const auto& [choice, s] : t.sequences) events += s.events;
  const bool streamed =
      t.flows && (t.arrived.streamed || events > 2) && !(events <= 2 && c.output > 8);
  if (streamed) {
    c.first = *t.first;
    c.bunch = t.bunch;
    if (t.timings.decode_s && t.ended) {  // the sender's own clock, laid from the last token back
      std::int64_t last = c.first;
      for (const auto& [choice, s] : t.sequences) last = std::max(last, s.last);
      c.first = std::clamp(last - nanos(*t.timings.decode_s), *t.sent, c.first);
    }
    c.hidden = hidden(t, c);
    if (c.hidden > 0) place_hidden(t, c);
    place_prompt(t, c);
    place_tokens(t, c);
  } else {
    c = unseen(t, std::move(c));
  }
  place_load(t, c);
  return c;
}

// As long as its server told; where it told how long the prompt took, and the request before was for another
// model, what lies between, from when those of the other model were over. A moment is no load but the look
// whether one is needed.
void Tracks::place_load(const Track& t, Course& c) const {
  constexpr double kLeast = 0.25;  // s
  const std::int64_t begun = std::max(c.from, *t.sent);
  std::int64_t from = *t.sent, until = from + nanos(t.timings.load_s.value_or(0));
  if (!t.timings.load_s && t.swaps && t.timings.prefill_s) {
    until = begun;
    for (const auto& [id, other] : tracks_) {
      if (upstream_of(other.arrived.upstream) != upstream_of(t.arrived.upstream) || !other.ended) continue;
      if (*other.ended <= begun) from = std::max(from, *other.ended);
    }
  }
  until = std::min(until, begun);
  if (seconds(from, until) < kLeast) return;
  c.load_from = from;
  c.load_until = until;
}

Tracks::Turn Tracks::turn(const Track& t, std::int64_t end) const {
  Turn out{*t.sent, end};
  const auto turns = turns_.find(t.arrived.upstream);
  if (turns == turns_.end()) return out;
  const auto next = turns->second.upper_bound(*t.sent);
  if (next != turns->second.begin()) out.from = std::clamp(std::prev(next)->second, *t.sent, end);
  if (next != turns->second.end() && next->second > out.from) out.until = std::min(end, next->second);
  return out;
}

// Nothing but its ends is seen: the prompt at the pace known, its tokens evenly after it.
Course Tracks::unseen(const Track& t, Course c) const {
  const std::int64_t sent = *t.sent;
  const Pace pace = this->pace(t.arrived.upstream);
  double each = c.output / std::max<double>(t.arrived.choices, 1);
  Turn turn = this->turn(t, c.end);
  if (t.timings.queue_s || t.timings.load_s) {
    const double waited = t.timings.queue_s.value_or(0) + t.timings.load_s.value_or(0);
    turn = {std::min(sent + nanos(waited), c.end), c.end};
  }
  const double whole = seconds(turn.from, c.end);
  c.untold = !t.usage.output && !t.arrived.embedding && !t.arrived.streamed && t.sequences.empty();
  const bool guessed = c.untold && pace.gap_s > 0;
  constexpr double kPromptToken = 0.02;  // of a decoded one's time, where no pace is known
  double prompt_s = 0;
  if (pace.seconds_per_token > 0) {
    prompt_s = std::min(pace.seconds_per_token * c.computed + pace.gap_s, std::max(seconds(turn.from, turn.until), pace.gap_s));
  } else if (guessed) {
    prompt_s = std::min(kPromptToken * pace.gap_s * c.computed, whole);
  } else {
    prompt_s = whole * kPromptToken * c.computed / std::max(kPromptToken * c.computed + each, 1e-9);
  }
  if (t.timings.prefill_s) prompt_s = *t.timings.prefill_s;
  if (t.arrived.embedding) turn.from = std::min(sent + nanos(t.timings.load_s.value_or(0)), c.end);
  if (guessed) each = untold_tokens(t, std::min(turn.from + nanos(prompt_s), c.end), c.end);
  if (each <= 1 || t.arrived.embedding) prompt_s = seconds(turn.from, c.end);
  c.from = turn.from;
  c.first = turn.from + std::min(nanos(prompt_s), c.end - turn.from);
  if (t.timings.decode_s && each > 1) {
    c.first = std::max(c.end - nanos(*t.timings.decode_s), sent);
    c.from = t.timings.prefill_s ? std::max(c.first - nanos(*t.timings.prefill_s), sent)
                                 : std::min(turn.from, c.first);
  }
  c.prefilled = true;
  if (each > 1) place_blind(t, each, c);
  return c;
}

// An answer of which nothing came, or has come yet: it made a token in each step there was while it was at work,
// as others' streams show them or at the usual gap, up to as many as it asked for.
double Tracks::untold_tokens(const Track& t, std::int64_t from, std::int64_t to) const {
  const double gap = pace(t.arrived.upstream).gap_s;
  double steps = 1;  // with the prompt's end
  for (const Stretch& s : seen_stretches(t.arrived.upstream, from, to)) {
    steps += s.steps > 0 ? s.steps : seconds(s.begin, s.end) / gap;
  }
  return std::min(std::floor(steps), count_or(t.arrived.most_tokens, kMostTokens));
}

// Time in which others were seen at work, with their steps, and in which nobody was, in order.
std::vector<Tracks::Stretch> Tracks::seen_stretches(std::uint32_t upstream, std::int64_t from, std::int64_t to) const {
  constexpr double kLongest = 0.25;  // s of a stretch: its steps are taken as even
  std::vector<Stretch> out;
  const auto add = [&](std::int64_t begin, std::int64_t end, double n) {
    if (end > begin) out.push_back({begin, end, n});
  };
  std::int64_t begin = from, last = from;
  double n = 0;
  const std::int64_t apart = nanos(std::max(3 * pace(upstream).gap_s, 0.03));
  const auto found = clocks_.find(upstream);
  if (found != clocks_.end()) {
    const auto& ticks = found->second.ticks;
    for (auto it = std::lower_bound(ticks.begin(), ticks.end(), from,
                                    [](const auto& tick, std::int64_t t) { return tick.at <= t; });
         it != ticks.end() && it->at <= to; last = it++->at) {
      if (it->at - last > apart) {
        add(begin, last, n);
        add(last, it->at, 0);
        begin = it->at;
        n = 0;
      } else if (n += it->steps; seconds(begin, it->at) > kLongest) {
        add(begin, it->at, n);
        begin = it->at;
        n = 0;
      }
    }
  }
  if (to - last > apart) {
    add(begin, last, n);
    add(last, to, 0);
  } else {
    add(begin, to, n);
  }
  return out;
}

// In steps in which others were seen it made a token each; what is left, evenly in the time in which
// nobody was.
std::vector<Tracks::Stretch> Tracks::stretches(std::uint32_t upstream, std::int64_t from,
                                               std::int64_t to, double steps) const {
  std::vector<Stretch> out = seen_stretches(upstream, from, to);
  double seen = 0, blind_s = 0;
  for (const Stretch& s : out) {
    seen += s.steps;
    blind_s += s.steps > 0 ? 0 : seconds(s.begin, s.end);
  }
  // Seen steps are a measure, not a count: tokens come late, and several at once.
  constexpr double kDoubt = 0.2;
  const bool fewer = blind_s > 0 && steps > (1 + kDoubt) * seen;
  const double each = fewer ? (steps - seen) / blind_s : steps / std::max(seconds(from, to), 1e-9);
  double all = 0;
  for (Stretch& s : out) {
    if (s.steps <= 0) s.steps = each * seconds(s.begin, s.end);
    all += s.steps;
  }
  for (Stretch& s : out) s.steps *= steps / all;
  return out;
}

void Tracks::place_blind(const Track& t, double each, Course& c) const {
  const double rejected = c.rejected / t.arrived.choices;
  const double steps = std::max(each - 1 - count_or(t.usage.accepted, 0) / t.arrived.choices, 1.0);
  const double thought = c.output > 0 ? c.reasoning / c.output : 0;
  const double verified = (each - 1 + rejected) / steps;
  std::vector<Made> made;
  double done = 0;  // steps
  for (const Stretch& s : stretches(t.arrived.upstream, c.first, c.end, steps)) {
    const double turn = std::clamp(thought * steps - done, 0.0, s.steps);
    const double part = s.steps > 0 ? turn / s.steps : 0;
    const std::int64_t at = s.begin + nanos(seconds(s.begin, s.end) * part);
    if (turn > 0)
      made.push_back({s.begin, at, each * turn / steps, turn, verified * turn,
                      each * done / steps, true});
    const double rest = s.steps - turn;
    if (rest > 0)
      made.push_back({at, s.end, each * rest / steps, rest, verified * rest,
                      each * (done + turn) / steps, false});
    done += s.steps;
  }
  c.sequences.assign(t.arrived.choices, made);
}

}  // namespace joulebook::attribution
