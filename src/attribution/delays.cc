// Tokens that are kept back, on their server or on their way: which of them were let go together, and how long they waited.
#include <algorithm>
#include <cmath>

#include "attribution/track_units.h"
#include "attribution/tracks.h"

namespace joulebook::attribution {
namespace {

constexpr double kLeastStreams = 8;  // before delays are known

}  // namespace

// Tokens that follow each other much faster than this upstream makes them were kept back and let go together, where it
// isn't known to keep none.
bool Tracks::joins(const Track& t, const Sequence& s, const Piece& piece) const {
  constexpr double kTogether = 0.25;  // of the time that a token takes
  if (s.pieces.empty() || !t.flows || s.pieces.back().reasoning != piece.reasoning) return false;
  const Pace pace = this->pace(t.arrived.upstream);
  if (pace.streams >= kLeastStreams && pace.late_s() <= 0) return false;
  const double own = s.tokens > 1 ? seconds(*t.first, s.last) / (s.tokens - 1) : 0;
  return piece.end - s.last < nanos(kTogether * std::max(pace.each_s, own));
}

void Tracks::first_bunch(Track& t, Piece& bunch) {
  const std::uint32_t upstream = t.arrived.upstream;
  const std::int64_t before = *t.first;
  t.bunch = bunch.tokens;
  t.first = std::max(t.shown - nanos((t.bunch - 1) * pace(upstream).each_s), *t.sent);
  bunch.begin = *t.first;
  auto& firsts = firsts_[upstream];
  if (const auto old = firsts.find(before); old != firsts.end()) firsts.erase(old);
  firsts.insert(*t.first);
  if (!t.arrived.streamed) return;
  auto [turn, end] = turns_[upstream].equal_range(*t.sent);
  turn = std::find_if(turn, end, [&](const auto& entry) { return entry.second == before; });
  if (turn != end) turn->second = *t.first;
}

double Pace::late_s() const {
  constexpr double kLeast = 0.2;  // steps: that much is the network's, and how steps differ
  constexpr double kOfMedian = 1 / 0.6745;  // standard deviation of a normal one
  const double sd = kOfMedian * astray / std::sqrt(2.0);  // at both ends
  return streams < kLeastStreams || sd <= kLeast ? 0 : std::sqrt(sd * sd - kLeast * kLeast) * each_s;
}

double Tracks::made_until(const Sequence& s, std::int64_t at, double gap_s) {
  constexpr double kMost = 2;
  if (at >= s.last) return s.tokens + std::min(seconds(s.last, at) / gap_s, kMost);
  const auto piece = std::lower_bound(s.pieces.begin(), s.pieces.end(), at,
                                      [](const Piece& p, std::int64_t t) { return p.end < t; });
  if (piece == s.pieces.end() || piece->end <= piece->begin) return s.tokens;
  return piece->before + piece->tokens * std::clamp(seconds(piece->begin, at) / seconds(piece->begin, piece->end), 0.0, 1.0);
}

// Tokens of others that were seen at work all the time from its first token to its last, each.
std::vector<double> Tracks::beside(const Track& t, double gap_s) const {
  constexpr int kNeighbours = 32;
  constexpr std::size_t kMost = 8;
  const std::int64_t last = t.sequences.begin()->second.last;
  std::vector<double> out;
  const auto look = [&](const Track& other) {
    if (other.arrived.upstream != t.arrived.upstream || !other.flows || other.sequences.size() != 1) return;
    const Sequence& s = other.sequences.begin()->second;
    if (s.pieces.empty() || s.pieces.front().begin > *t.first || s.last < last - nanos(2 * gap_s)) return;
    out.push_back(made_until(s, last, gap_s) - made_until(s, *t.first, gap_s));
  };
  const auto self = tracks_.find(t.id);
  auto next = self, before = self;
  for (int i = 0; i < kNeighbours && out.size() < kMost && next != tracks_.end() && ++next != tracks_.end(); ++i) look(next->second);
  for (int i = 0; i < kNeighbours && out.size() < kMost && before != tracks_.begin(); ++i) look((--before)->second);
  return out;
}

// Streams side by side get as many tokens in the same steps: by how many they differ, one of them was kept back at its
// beginning or its end.
void Tracks::learn_delay(const Track& t) {
  constexpr double kStep = 0.1, kLeast = 0.05, kLeastTokens = 8;
  if (!t.flows || t.outcome != Outcome::complete || t.sequences.size() != 1 || t.usage.drafted.value_or(0) > 0) return;
  Pace& pace = paces_[t.arrived.upstream];
  const Sequence& own = t.sequences.begin()->second;
  if (own.tokens < 2 || std::abs(count_or(t.usage.output, own.tokens) - own.tokens) > 0.5) return;
  if (own.tokens >= kLeastTokens && own.last > *t.first) {
    const double each = seconds(*t.first, own.last) / (own.tokens - 1);
    pace.each_s = pace.each_s <= 0 ? each : pace.each_s + kStep * (each - pace.each_s);
  }
  if (pace.each_s <= 0) return;
  std::vector<double> others = beside(t, pace.each_s);
  if (others.size() < 2) return;
  const auto middle = others.begin() + static_cast<std::ptrdiff_t>(others.size() / 2);
  std::nth_element(others.begin(), middle, others.end());
  const double astray = std::max(std::abs(*middle - (own.tokens - 1)), kLeast);
  pace.streams += 1;
  if (pace.astray <= 0) pace.astray = astray;
  const double k = std::max(kStep, 1 / pace.streams);  // stochastic median in the logarithm
  pace.astray *= std::exp(astray > pace.astray ? k : -k);
}

}  // namespace joulebook::attribution
