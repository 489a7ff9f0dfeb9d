#include "attribution/tracks.h"

#include <algorithm>
#include <cmath>

namespace joulebook::attribution {
namespace {

constexpr double kNano = 1e-9;
constexpr double kMostTokens = 1e9;   // of a request: more is no count
constexpr double kBytesPerToken = 4;  // of prompts, before usage says more
constexpr std::size_t kMostChoices = 128;
constexpr std::size_t kMostUpstreams = 1024;

double seconds(std::int64_t from, std::int64_t to) {
  return static_cast<double>(to - from) * kNano;
}

double count_or(const std::optional<std::int64_t>& n, double other) {
  return n ? std::clamp(static_cast<double>(*n), 0.0, kMostTokens) : other;
}

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

std::int64_t nanos(double s) {
  return s > 0 ? static_cast<std::int64_t>(std::min(s, 1e6) * 1e9)
               : 0;  // what is no number is none
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
    track->arrived.upstream = std::min<std::uint32_t>(arrived->upstream, kMostUpstreams);
    track->arrived.choices = std::clamp<std::uint32_t>(arrived->choices, 1, kMostChoices);
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
  Sum& sum = sums_[track.arrived.upstream];
  sum.output += c.output - remarked;
  if (c.known) sum.prompt += c.prompt;
}

Tracks::Sum Tracks::sum(std::uint32_t upstream) const {
  const auto found = sums_.find(upstream);
  Sum sum = found == sums_.end() ? Sum{} : found->second;
  for (const auto& [id, t] : tracks_) {
    if (t.arrived.upstream != upstream || !t.sent || t.ended) continue;
    sum.open += 1;
    if (!t.first) sum.unseen += 1;
  }
  return sum;
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
    track.first = std::max(at, *track.sent);
    track.counted = what.counted;
    firsts_[track.arrived.upstream].insert(*track.first);
  }
  track.counted = track.counted && what.counted;
  Sequence& s = track.sequences[what.choice];
  Piece piece{.begin = s.pieces.empty() && s.tokens == 0 ? *track.first : s.last,
              .tokens = count,
              .events = std::clamp(static_cast<double>(what.events), 1.0, kMostTokens),
              .before = s.tokens,
              .reasoning = what.reasoning};
  piece.end = std::max(at, piece.begin);
  s.last = piece.end;
  step_seen(track.arrived.upstream, piece.end);
  s.tokens += count;
  s.events += piece.events;
  sums_[track.arrived.upstream].output += count;
  if (what.reasoning) track.reasoning += count;
  if (what.thought_before > 0) {
    track.reasoning += std::min(static_cast<double>(what.thought_before), kMostTokens);
    for (Piece& p : s.pieces) p.reasoning = true;
  }
  s.pieces.push_back(piece);
  if (s.pieces.size() > std::max<std::size_t>(options_.most_pieces, 2)) join(s.pieces);
}

bool Tracks::open_before(std::int64_t end) const {
  return std::any_of(tracks_.begin(), tracks_.end(), [&](const auto& entry) {
    const Track& t = entry.second;
    return t.sent && *t.sent < end && !t.ended;
  });
}

std::vector<const Track*> Tracks::within(std::int64_t begin, std::int64_t end) const {
  std::vector<const Track*> found;
  for (const auto& [id, t] : tracks_) {
    if (t.sent && *t.sent < end && (!t.ended || *t.ended > begin)) found.push_back(&t);
  }
  return found;
}

void Tracks::count(const Track& t, Course& c) const {
  const double guess =
      t.arrived.prompt_bytes
          ? std::clamp(static_cast<double>(*t.arrived.prompt_bytes) / kBytesPerToken, 1.0,
                       kMostTokens)
          : 100;
  c.known = t.usage.prompt.has_value();
  c.prompt = count_or(t.usage.prompt, guess);
  c.cached = std::min(count_or(t.usage.cached, 0), c.prompt);
  c.computed = c.prompt - c.cached;
  for (const auto& [choice, s] : t.sequences) c.output += s.tokens;
  if (t.usage.output) c.output = count_or(t.usage.output, 0);
  if (t.arrived.embedding) c.output = 0;
  c.reasoning = std::min(count_or(t.usage.reasoning, t.reasoning), c.output);
  if (t.usage.drafted && t.usage.accepted) {
    c.rejected = std::max(count_or(t.usage.drafted, 0) - count_or(t.usage.accepted, 0), 0.0);
  }
  c.end = t.ended ? *t.ended : std::max(now_, t.last);
}

// Tokens of all sequences of a step come together, but for what the network does: a chain of them
// with no gap that tells steps apart is one step's.
void Tracks::step_seen(std::uint32_t upstream, std::int64_t at) {
  constexpr std::size_t kMostSteps = 65'536;
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
    from =
        std::max(from, c.first - nanos(kSlack * pace.seconds_per_token * c.computed + pace.gap_s));
  }
  c.from = std::clamp(from, sent, std::max(sent, c.first));
  c.prefilled = true;
}

void Tracks::place_tokens(const Track& t, Course& c) const {
  double remarked = 0, events = 0;
  for (const auto& [choice, s] : t.sequences) {
    remarked += s.tokens;
    events += s.events;
  }
  const double scale = t.ended && remarked > 0 && c.output > 0 && t.outcome == Outcome::complete
                           ? c.output / remarked
                           : 1;
  const bool drafts = t.usage.drafted.value_or(0) > 0;
  const double steps_seen = std::max(events - static_cast<double>(t.sequences.size()), 1.0);
  const double drafted = count_or(t.usage.drafted, 0) / steps_seen;
  for (const auto& [choice, s] : t.sequences) {
    std::vector<Made>& made = c.sequences.emplace_back();
    for (const Piece& p : s.pieces) {
      Made m{p.begin,          p.end,      p.tokens * scale, drafts ? p.events : p.tokens, 0,
             p.before * scale, p.reasoning};
      if (p.before == 0)
        m.steps = std::max(m.steps - 1, 0.0);  // the first comes with the prompt's end
      m.verified = drafts          ? m.steps * (1 + drafted)
                   : p.before == 0 ? std::max(m.tokens - 1, 0.0)
                                   : m.tokens;
      made.push_back(m);
    }
  }
}

Course Tracks::course(const Track& t) const {
  Course c;
  count(t, c);
  double events = 0;
  for (const auto& [choice, s] : t.sequences) events += s.events;
  const bool streamed =
      t.first && (t.arrived.streamed || events > 2) && !(events <= 2 && c.output > 8);
  if (streamed) {
    c.first = *t.first;
    if (t.timings.decode_s && t.ended) {  // the sender's own clock, laid from the last token back
      std::int64_t last = c.first;
      for (const auto& [choice, s] : t.sequences) last = std::max(last, s.last);
      c.first = std::clamp(last - nanos(*t.timings.decode_s), *t.sent, c.first);
    }
    place_prompt(t, c);
    place_tokens(t, c);
    return c;
  }
  // Nothing but its ends is seen: the prompt at the pace known, its tokens evenly after it.
  const std::int64_t sent = *t.sent;
  const Pace pace = this->pace(t.arrived.upstream);
  const double each = c.output / std::max<double>(t.arrived.choices, 1);
  const double whole = seconds(sent, c.end);
  constexpr double kPromptToken = 0.02;  // of a decoded one's time, where no pace is known
  double prompt_s =
      pace.seconds_per_token > 0
          ? pace.seconds_per_token * c.computed + pace.gap_s
          : whole * kPromptToken * c.computed / std::max(kPromptToken * c.computed + each, 1e-9);
  if (t.timings.prefill_s) prompt_s = *t.timings.prefill_s;
  if (each <= 1 || t.arrived.embedding) prompt_s = whole;
  c.from = sent;
  c.first = sent + std::min(nanos(prompt_s), c.end - sent);
  if (t.timings.decode_s && each > 1) {
    c.first = std::max(c.end - nanos(*t.timings.decode_s), sent);
    c.from = t.timings.prefill_s ? std::max(c.first - nanos(*t.timings.prefill_s), sent) : sent;
  }
  c.prefilled = true;
  if (each <= 1) return c;
  const double rejected = c.rejected / t.arrived.choices;
  const double steps = std::max(each - 1 - count_or(t.usage.accepted, 0) / t.arrived.choices, 1.0);
  const double thought = c.output > 0 ? c.reasoning / c.output : 0;
  const std::int64_t turn =
      c.first + static_cast<std::int64_t>(static_cast<double>(c.end - c.first) * thought);
  for (std::uint32_t i = 0; i < t.arrived.choices; ++i) {
    auto& made = c.sequences.emplace_back();
    const double verified = each - 1 + rejected;
    if (thought > 0)
      made.push_back({c.first, turn, each * thought, steps * thought, verified * thought, 0, true});
    if (thought < 1) {
      made.push_back({turn, c.end, each * (1 - thought), steps * (1 - thought),
                      verified * (1 - thought), each * thought, false});
    }
  }
  return c;
}

void Tracks::learn(std::int64_t begin, std::int64_t end) {
  constexpr double kStep = 0.1, kQuantile = 0.3, kLeastPrompt = 64;
  for (const auto& [id, t] : tracks_) {
    if (!t.first || *t.first < begin || *t.first >= end || !t.usage.prompt) continue;
    Course c;
    count(t, c);
    if (c.computed < kLeastPrompt || !t.arrived.streamed) continue;
    Pace& pace = paces_[t.arrived.upstream];
    const std::int64_t from = queued_until(t, *t.first, pace.gap_s);
    const double each = seconds(from, *t.first) / c.computed;
    if (!(each > 0)) continue;
    pace.observed += 1;
    // Stochastic quantile in the logarithm, quick at first.
    if (pace.seconds_per_token <= 0) pace.seconds_per_token = each;
    const double k = std::max(kStep, 1 / pace.observed);
    pace.seconds_per_token *=
        std::exp(each > pace.seconds_per_token ? k * kQuantile : -k * (1 - kQuantile));
  }
  for (const auto& [id, t] : tracks_) {
    if (t.sequences.empty()) continue;
    const auto& pieces = t.sequences.begin()->second.pieces;
    const auto at = std::lower_bound(pieces.begin(), pieces.end(), begin,
                                     [](const Piece& p, std::int64_t x) { return p.end < x; });
    if (at == pieces.end() || at->end >= end || at->before == 0) continue;
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
    if (t.ended && *t.ended <= edge) {
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
  return done;
}

}  // namespace joulebook::attribution
