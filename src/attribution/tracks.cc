#include "attribution/tracks.h"

#include <algorithm>
#include <cmath>

#include "attribution/engines.h"
#include "attribution/track_units.h"

namespace joulebook::attribution {
namespace {

constexpr std::size_t kMostChoices = 128;
// Several tokens that come together before anything else of their request may be all that there is of it, kept
// back to its end. They are, until more comes later than they can have been made in, s each.
constexpr double kLeastToken = 1e-4;
constexpr std::int64_t kPageAge = 5'000'000'000;  // of a page that is being read

// Halves the pieces of a sequence; what they say in sum stays.
void join(std::deque<Piece>& pieces) {
  std::deque<Piece> fewer;
  for (std::size_t i = 0; i < pieces.size(); i += 2) {
    Piece p = pieces[i];
    if (i + 1 < pieces.size()) {
      const Piece& next = pieces[i + 1];
      p.end = next.end;
      p.tokens += next.tokens;
      p.events += next.events;
      p.reasoning = next.reasoning;
    }
    fewer.push_back(p);
  }
  pieces = std::move(fewer);
}

Timings usable(Timings t) {
  for (std::optional<double>* s : {&t.queue_s, &t.load_s, &t.prefill_s, &t.decode_s}) {
    if (*s && !(**s >= 0 && std::isfinite(**s))) s->reset();
  }
  return t;
}

}  // namespace

Track* Tracks::find(const Remark& remark) {
  const auto found = tracks_.find(remark.request);
  if (found != tracks_.end()) return &found->second;
  // Of one that is not known: it was never followed, or is over.
  if (!std::holds_alternative<Arrived>(remark.what)) return nullptr;
  if (tracks_.size() >= options_.most_requests) {
    ++refused_;
    return nullptr;
  }
  Track& track = tracks_[remark.request];
  track.id = remark.request;
  track.begun = remark.at.ns;
  track.last = remark.at.ns;
  return &track;
}

void Tracks::remark(const Remark& remark) {
  now(remark.at.ns);
  Track* track = find(remark);
  if (track == nullptr || track->ended) return;
  const std::int64_t at = std::max(remark.at.ns, track->begun);
  track->last = std::max(track->last, at);
  if (const auto* arrived = std::get_if<Arrived>(&remark.what)) {
    track->arrived = *arrived;
    track->arrived.choices = std::clamp<std::uint32_t>(arrived->choices, 1, kMostChoices);
    const std::uint32_t upstream = upstream_of(arrived->upstream);
    const auto [newest, is_new] = newest_engine_.try_emplace(upstream, arrived->upstream);
    track->swaps = is_new ? options_.routers.contains(upstream) : newest->second != arrived->upstream;
    newest->second = arrived->upstream;
  } else if (std::holds_alternative<Sent>(remark.what)) {
    if (!track->sent) track->sent = track->first ? std::min(at, *track->first) : at;
  } else if (const auto* made = std::get_if<Tokens>(&remark.what)) {
    tokens(*track, *made, at);
  } else if (const auto* usage = std::get_if<Usage>(&remark.what)) {
    track->usage = *usage;
  } else if (const auto* timings = std::get_if<Timings>(&remark.what)) {
    track->timings = usable(*timings);
  } else if (const auto* end = std::get_if<Ended>(&remark.what)) {
    this->end(*track, *end);
  }
}

void Tracks::end(Track& track, const Ended& what) {
  track.ended = track.last;
  track.outcome = what.outcome;
  Course c;
  count(track, c);
  double remarked = 0;
  for (const auto& [choice, s] : track.sequences) remarked += s.tokens;
  if (track.flows) clocks_[track.arrived.upstream].streams -= 1;
  if (!track.sent) return;
  learn_delay(track);
  const bool read = c.known && (track.first || track.outcome == Outcome::complete);
  const std::int64_t from = track.arrived.streamed && track.first ? *track.first : *track.sent;
  const std::uint32_t engine = track.arrived.upstream;
  add_over(engine, {from, *track.ended, read ? c.prompt : 0, read ? c.computed : 0, c.output - remarked, c.output});
  const auto page = pages_.find(upstream_of(engine));
  if (page == pages_.end()) return;
  doubt(track, c);
  track.let_go = *track.ended;
  track.lingers = track.outcome == Outcome::cancelled && page->second.end >= *track.ended - kPageAge;
  if (track.lingers) page->second.lingering.push_back(track.id);
}

Pace Tracks::pace(std::uint32_t upstream) const {
  const auto found = paces_.find(upstream);
  return found == paces_.end() ? Pace{} : found->second;
}

void Tracks::tokens(Track& track, const Tokens& what, std::int64_t at) {
  if (what.count <= 0) return;
  const double count = std::min(static_cast<double>(what.count), kMostTokens);
  if (!track.sent) track.sent = track.begun;
  if (track.sequences.size() >= kMostChoices && !track.sequences.contains(what.choice)) return;
  const bool begins = !track.first;
  if (begins) {
    track.first = track.shown = std::max(at, *track.sent);
    track.bunch = count;
    track.counted = what.counted;
  }
  double before = 0;
  for (const auto& [choice, s] : track.sequences) before += s.tokens;
  const bool apart = at - track.shown > nanos(kLeastToken * before);
  if (!track.flows && (begins ? count <= 1 : apart)) flows(track, seconds(track.shown, at) / count);
  track.counted = track.counted && what.counted;
  Sequence& s = track.sequences[what.choice];
  Piece piece{.begin = s.pieces.empty() && s.tokens == 0 ? *track.first : s.last,
              .tokens = count,
              .events = std::clamp(static_cast<double>(what.events), 1.0, kMostTokens),
              .before = s.tokens,
              .reasoning = what.reasoning};
  piece.end = std::max(at, piece.begin);
  const bool together = !begins && joins(track, s, piece);
  s.last = piece.end;
  step_seen(track.arrived.upstream, piece.end);
  made(track.arrived.upstream, piece.end, count, begins);
  s.tokens += count;
  s.events += piece.events;
  if (what.reasoning) track.reasoning += count;
  if (what.thought_before > 0) {
    track.reasoning += std::min(static_cast<double>(what.thought_before), kMostTokens);
    for (Piece& p : s.pieces) p.reasoning = true;
  }
  if (together) {
    Piece& last = s.pieces.back();
    last.end = piece.end;
    last.tokens += piece.tokens;
    last.events += piece.events;
    if (last.before == 0 && track.sequences.size() == 1) first_bunch(track, last);
    return;
  }
  s.pieces.push_back(piece);
  if (s.pieces.size() > std::max<std::size_t>(options_.most_pieces, 2)) join(s.pieces);
}

// What keeps tokens back and lets several go at once shows the first when all of them were made: so much
// earlier as they took by the pace of the next, `each_s` a token.
void Tracks::flows(Track& track, double each_s) {
  track.flows = true;
  track.first = std::max(track.shown - nanos((track.bunch - 1) * each_s), *track.sent);
  for (auto& [choice, s] : track.sequences) {
    if (!s.pieces.empty() && s.pieces.front().before == 0) s.pieces.front().begin = *track.first;
  }
  firsts_[track.arrived.upstream].insert(*track.first);
  if (track.arrived.streamed) turns_[track.arrived.upstream].emplace(*track.sent, *track.first);
  clocks_[track.arrived.upstream].streams += 1;
}

// The first token of a request shows no step between two of its own.
void Tracks::made(std::uint32_t upstream, std::int64_t at, double tokens, bool first) {
  constexpr std::int64_t kTick = 10'000'000;
  StepClock& clock = clocks_[upstream];
  if (clock.ticks.empty() || at >= clock.ticks.back().at + kTick) clock.ticks.push_back({at, 0, 0});
  if (!first) clock.ticks.back().steps += tokens / std::max(clock.streams, 1.0);
  clock.ticks.back().tokens += tokens;
  changed(upstream, clock.ticks.back().at - 1);
  if (clock.ticks.size() <= kMostSteps) return;
  changed(upstream, clock.ticks.front().at - 1);
  clock.ticks.pop_front();
}

bool Tracks::open_before(std::int64_t end) const {
  return std::any_of(tracks_.begin(), tracks_.end(), [&](const auto& entry) {
    const Track& t = entry.second;
    return t.sent && *t.sent < end && (!t.ended || (t.lingers && *t.ended < end));
  });
}

std::vector<const Track*> Tracks::within(std::int64_t begin, std::int64_t end) const {
  std::vector<const Track*> found;
  for (const auto& [id, t] : tracks_) {
    if (t.sent && *t.sent < end && (!t.ended || std::max(*t.ended, t.let_go) > begin)) found.push_back(&t);
  }
  return found;
}

// Tokens of all sequences of a step come together, but for what the network does: a chain of them
// with no gap that tells steps apart is one step's.
void Tracks::step_seen(std::uint32_t upstream, std::int64_t at) {
  const std::int64_t link = nanos(std::clamp(0.2 * pace(upstream).gap_s, 0.0003, 0.002));
  auto& steps = steps_[upstream];
  auto next = std::lower_bound(steps.begin(), steps.end(), at - link,
                               [](const StepEnd& s, std::int64_t t) { return s.last < t; });
  if (next == steps.end() || next->first > at + link) {
    steps.insert(next, {at, at});
  } else {
    next->first = std::min(next->first, at);
    next->last = std::max(next->last, at);
    const auto after = std::next(next);
    if (after != steps.end() && after->first <= next->last + link) {  // it joins two
      next->last = std::max(next->last, after->last);
      steps.erase(after);
    }
  }
  if (steps.size() > kMostSteps) steps.pop_front();
}

void Tracks::learn_pace(const Track& t) {
  constexpr double kStep = 0.1, kQuantile = 0.3, kLeastPrompt = 64;
  Course c;
  count(t, c);
  Pace& pace = paces_[t.arrived.upstream];
  pace.told = pace.told || t.usage.cached;
  // Where the cache is told of, a prompt of which it isn't says nothing of how quickly it is read.
  if (c.computed < kLeastPrompt || !t.arrived.streamed || (pace.told && !t.usage.cached)) return;
  if (hidden(t, c) > 0) return;  // its first token was none that is seen
  std::int64_t from = queued_until(t, *t.first, pace.gap_s);
  if (t.timings.load_s || t.swaps) from = std::max(from, course(t).load_until);
  const double each = seconds(from, *t.first) / c.computed;
  if (!(each > 0)) return;
  pace.observed += 1;
  // Stochastic quantile in the logarithm, quick at first.
  if (pace.seconds_per_token <= 0) pace.seconds_per_token = each;
  const double k = std::max(kStep, 1 / pace.observed);
  pace.seconds_per_token *=
      std::exp(each > pace.seconds_per_token ? k * kQuantile : -k * (1 - kQuantile));
}

// Whether those who decoded got a token from the step in which its prompt ended.
void Tracks::learn_apart(const Track& t) {
  constexpr double kStep = 0.1;
  if (t.bunch > 1) return;  // its own time is not seen
  Pace& pace = paces_[t.arrived.upstream];
  const std::int64_t together = nanos(std::clamp(0.3 * pace.gap_s, 0.001, 0.05));
  const std::int64_t apart = 3 * together;
  double decoders = 0, served = 0;
  for (const auto& [id, other] : tracks_) {
    if (id == t.id || other.arrived.upstream != t.arrived.upstream || !other.first) continue;
    if (*other.first > *t.first - apart || other.last < *t.first + apart) continue;
    for (const auto& [choice, s] : other.sequences) {
      if (s.events < s.tokens) continue;  // several tokens an event: not each step shows
      const auto at = std::lower_bound(s.pieces.begin(), s.pieces.end(), *t.first - together,
                                       [](const Piece& p, std::int64_t x) { return p.end < x; });
      if (at == s.pieces.end() || at->tokens > 1) continue;  // nor where they come in bunches
      decoders += 1;
      served += at->end <= *t.first + together ? 1 : 0;
    }
  }
  if (decoders < 2) return;  // one may be late
  pace.prompts += 1;
  pace.apart += std::max(kStep, 1 / pace.prompts) * ((served < 0.2 * decoders ? 1 : 0) - pace.apart);
}

void Tracks::learn(std::int64_t begin, std::int64_t end) {
  constexpr int kMostPrompts = 64;  // of a window: each is put beside all others
  int prompts = 0;
  for (const auto& [id, t] : tracks_) {
    if (!t.flows || *t.first < begin || *t.first >= end) continue;
    if (t.usage.prompt) learn_pace(t);
    if (t.arrived.streamed && prompts++ < kMostPrompts) learn_apart(t);
  }
  for (const auto& [id, t] : tracks_) {
    if (t.sequences.empty()) continue;
    const auto& pieces = t.sequences.begin()->second.pieces;
    const auto at = std::lower_bound(pieces.begin(), pieces.end(), begin,
                                     [](const Piece& p, std::int64_t x) { return p.end < x; });
    if (at == pieces.end() || at->end >= end || at->before == 0 || !t.flows) continue;
    Pace& pace = paces_[t.arrived.upstream];
    const double gap = seconds(at->begin, at->end) / at->tokens;
    pace.gap_s = pace.gap_s <= 0 ? gap : pace.gap_s + 0.05 * (gap - pace.gap_s);
  }
}

std::vector<Tracks::Done> Tracks::over(std::int64_t edge) {
  std::vector<Done> done;
  edge_ = std::max(edge_, edge);
  for (auto it = tracks_.begin(); it != tracks_.end();) {
    Track& t = it->second;
    if (t.over_by(edge)) {
      Course course = t.sent ? this->course(t) : Course{};
      done.push_back({std::move(t), std::move(course)});
      it = tracks_.erase(it);
      continue;
    }
    for (auto& [choice, s] : t.sequences) {
      while (!s.pieces.empty() && s.pieces.front().end < edge) s.pieces.pop_front();
    }
    ++it;
  }
  for (auto& [upstream, steps] : steps_) {
    while (steps.size() > 1 && steps[1].last <= edge) steps.pop_front();
  }
  for (auto& [upstream, firsts] : firsts_) {  // the newest before the edge is kept
    auto from = firsts.lower_bound(edge);
    if (from != firsts.begin()) firsts.erase(firsts.begin(), std::prev(from));
  }
  const std::int64_t old = edge - options_.horizon.count();
  for (auto& [upstream, clock] : clocks_) {
    while (!clock.ticks.empty() && clock.ticks.front().at < old) clock.ticks.pop_front();
  }
  for (auto& [upstream, over] : over_) {
    while (!over.empty() && over.front().until < old) over.pop_front();
  }
  for (auto& [upstream, doubts] : doubts_) {
    while (!doubts.empty() && doubts.front().until < old) doubts.pop_front();
  }
  for (auto& [upstream, turns] : turns_) {  // neighbours of those that may still be open
    while (turns.size() > 1 &&
           (turns.size() > kMostSteps || turns.begin()->first < old)) {
      turns.erase(turns.begin());
    }
  }
  return done;
}

}  // namespace joulebook::attribution
