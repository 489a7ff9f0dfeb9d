// Tracks beside an engine's metrics page: what of its counts is theirs, and what goes on after a client has gone.
#include <algorithm>
#include <cmath>

#include "attribution/engines.h"
#include "attribution/track_units.h"
#include "attribution/tracks.h"

namespace joulebook::attribution {
namespace {

constexpr double kMostOfGuess = 2;    // so many times the tokens that its bytes let guess a prompt may have
constexpr double kMostOfRate = 1.25;  // and a sequence may be so much quicker than others' mean

}  // namespace

void Tracks::now(std::int64_t at) {
  now_ = std::max(now_, at);
  for (auto& [upstream, page] : pages_) {
    while (!page.lingering.empty()) {
      const auto found = tracks_.find(page.lingering.front());
      if (found != tracks_.end()) {
        const std::int64_t until = *found->second.ended + kLinger;
        if (until > now_) break;
        let_go(found->second, page, until);
      }
      page.lingering.erase(page.lingering.begin());
    }
  }
}

// `until`: it was not at work any more. Between that and when it was last seen at work it ends as late as its server
// is known to be; where nothing is known of that, in the middle of its going on is where a page finds it, in the mean.
void Tracks::let_go(Track& track, PageSeen& page, std::int64_t until) {
  constexpr double kStep = 0.5;
  track.lingers = false;
  const std::int64_t ended = *track.ended;
  const double seen = seconds(ended, track.let_go), most = seconds(ended, until);
  const double guess = page.late_s ? std::max(*page.late_s, seen) : 2 * seen;
  if (seen > 0) page.late_s = page.late_s ? *page.late_s + kStep * std::max(seen - *page.late_s, 0.0) : seen;
  if (page.late_s) page.late_s = *page.late_s - kStep * std::max(*page.late_s - most, 0.0);
  track.let_go = ended + nanos(std::min(guess, most));
  const double rate = track.arrived.choices * step_rate(track.arrived.upstream, ended - kLately, ended);
  if (rate <= 0) return;
  const double unheard = track.flows ? rate * seconds(ended, track.let_go) : 0;
  if (unheard > 0) add_over(track.arrived.upstream, {ended, track.let_go, 0, 0, unheard, unheard});
  add_doubt(track.arrived.upstream, {track.flows ? track.let_go : ended, until, kMostOfRate * rate, 0});
}

void Tracks::add_doubt(std::uint32_t engine, const Doubt& doubt) {
  auto& list = doubts_[engine];
  list.push_back(doubt);
  if (list.size() > kMostSteps) list.pop_front();
}

void Tracks::page(std::uint32_t upstream, std::int64_t begin, std::int64_t end, double all) {
  if (!(all >= 0 && all < kMostTokens)) return;  // no count
  PageSeen& page = pages_[upstream];
  page.end = std::max(page.end, end);
  if (page.lingering.empty()) {
    page.others = std::max(all - counted(upstream, begin), 0.0);
    return;
  }
  double more = all - page.others;
  for (const auto& [id, t] : tracks_) {
    if (upstream_of(t.arrived.upstream) == upstream && t.sent && (!t.ended || *t.ended > begin)) more -= t.arrived.choices;
  }
  std::vector<RequestId> still;
  for (auto id = page.lingering.rbegin(); id != page.lingering.rend(); ++id) {
    const auto found = tracks_.find(*id);
    if (found == tracks_.end()) continue;
    Track& t = found->second;
    const bool before = *t.ended > begin;  // it may have been written before that one closed
    const bool at_work = !before && more > t.arrived.choices - 0.5 && begin - *t.ended < kLinger;
    if (at_work) {
      more -= t.arrived.choices;
      t.let_go = begin;
    }
    if (before || at_work) {
      still.push_back(*id);
    } else {
      let_go(t, page, begin);
    }
  }
  page.lingering.assign(still.rbegin(), still.rend());
}

// What the page may count of one that is over beside what was seen of it.
void Tracks::doubt(const Track& t, const Course& c) {
  const std::uint32_t engine = t.arrived.upstream;
  const std::int64_t sent = *t.sent, ended = *t.ended;
  const bool unheard = !t.usage.output && !t.flows && !t.arrived.embedding;
  const double rate = unheard ? t.arrived.choices * step_rate(engine, std::min(sent, ended - kLately), ended) : 0;
  if (c.known && rate <= 0) return;
  add_doubt(engine, {sent, ended, kMostOfRate * rate, 0});
  if (!c.known) add_doubt(engine, {sent, ended + kLinger, 0, kMostOfGuess * c.prompt});
}

double Tracks::counted(std::uint32_t upstream, std::int64_t begin) const {
  double sum = 0;
  for (const auto& [id, t] : tracks_) {
    if (upstream_of(t.arrived.upstream) != upstream || !t.sent) continue;
    if (!t.ended || *t.ended > begin || t.let_go >= begin) sum += t.arrived.choices;
  }
  return sum;
}

void Tracks::add_over(std::uint32_t engine, Over over) {
  auto& list = over_[engine];
  over.latest = list.empty() ? over.until : std::max(over.until, list.back().latest);
  if (over.untold != 0) changed(engine, over.from);
  list.push_back(over);
  if (list.size() <= kMostSteps) return;
  if (list.front().untold != 0) changed(engine, list.front().from);
  list.pop_front();
}

void Tracks::changed(std::uint32_t engine, std::int64_t from) {
  const std::uint32_t upstream = upstream_of(engine);
  const auto known = std::find_if(changes_.begin(), changes_.end(), [&](const Change& c) { return c.upstream == upstream; });
  if (known == changes_.end()) {
    changes_.push_back({upstream, from});
  } else {
    known->from = std::min(known->from, from);
  }
}

Tracks::Own Tracks::own(std::uint32_t upstream, std::int64_t from, std::int64_t until) const {
  Own sum;
  for (const auto& [engine, clock] : clocks_) {
    if (upstream_of(engine) != upstream) continue;
    const auto& ticks = clock.ticks;
    for (auto it = std::upper_bound(ticks.begin(), ticks.end(), from,
                                    [](std::int64_t x, const auto& tick) { return x < tick.at; });
         it != ticks.end() && it->at <= until; ++it) {
      sum.output += it->tokens;
    }
  }
  for (const auto& [engine, over] : over_) {
    if (upstream_of(engine) != upstream) continue;
    for (auto o = over.rbegin(); o != over.rend() && o->latest > from; ++o) {
      const double length = seconds(o->from, o->until);
      const double part = seconds(std::max(o->from, from), std::min(o->until, until));
      if (length > 0 && part > 0) sum.output += o->untold * part / length;
      if (o->from <= from || o->from > until) continue;
      sum.prompt += o->prompt;
      sum.computed += o->computed;
    }
  }
  for (const auto& [engine, doubts] : doubts_) {
    if (upstream_of(engine) != upstream) continue;
    for (const Doubt& d : doubts) {
      if (d.until <= from || d.from > until) continue;
      sum.more_output += d.output_rate * seconds(std::max(d.from, from), std::min(d.until, until));
      sum.more_prompt += d.prompt;
    }
  }
  return sum;
}

double Tracks::shown(std::uint32_t upstream, std::int64_t since) const {
  double sum = 0;
  for (const auto& [id, t] : tracks_) {
    if (upstream_of(t.arrived.upstream) != upstream || t.ended) continue;
    for (const auto& [choice, s] : t.sequences) sum += s.tokens;
  }
  for (const auto& [engine, over] : over_) {
    if (upstream_of(engine) != upstream) continue;
    for (auto it = over.rbegin(); it != over.rend() && it->until > since; ++it) sum += it->output;
  }
  return sum;
}

}  // namespace joulebook::attribution
