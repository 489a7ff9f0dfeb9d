// What is owed to a metrics page is kept by reading: it is what working it out anew each time would say.
#include "attribution/bypass.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace joulebook::attribution {
namespace {

constexpr std::int64_t kMs = 1'000'000, kSecond = 1000 * kMs;

// From the oldest reading on, each time.
class Anew {
 public:
  void reading(const EngineReading& r) {
    if (list_.empty() || r.end.ns > list_.back().end) list_.push_back({r.end.ns, r.output_tokens});
  }
  [[nodiscard]] double owed(std::size_t to, const Tracks& tracks) const {
    double owed = owed_;
    for (std::size_t i = 0; i < to; ++i) owed = next(owed, i, tracks);
    return owed;
  }
  void forget(std::int64_t edge, const Tracks& tracks) {
    while (list_.size() > 1 && list_[1].end <= edge) {
      owed_ = next(owed_, 0, tracks);
      list_.pop_front();
    }
  }
  // As BypassWatch::over() has it, of output alone.
  [[nodiscard]] double over(std::int64_t begin, std::int64_t end, const Tracks& tracks) const {
    const auto after = std::find_if(list_.begin(), list_.end(), [&](const Read& r) { return r.end >= end; });
    if (after == list_.end() || after == list_.begin()) return 0;
    auto before = std::prev(after);
    while (before != list_.begin() && before->end > begin) --before;
    const double rose = *after->output - *before->output;
    if (rose < 0) return 0;
    const Tracks::Own own = tracks.own(0, before->end, after->end);
    const double owing = owed(static_cast<std::size_t>(before - list_.begin()), tracks);
    const double more = rose - (own.output + own.more_output + owing);
    if (more <= 16 || more <= 0.05 * rose) return 0;
    return more * std::min(static_cast<double>(end - begin) / static_cast<double>(after->end - before->end), 1.0);
  }

 private:
  struct Read {
    std::int64_t end;
    std::optional<double> output;
  };
  [[nodiscard]] double next(double owed, std::size_t i, const Tracks& tracks) const {
    const Read &from = list_[i], &to = list_[i + 1];
    if (*to.output < *from.output) return 0;
    const double left = owed + tracks.own(0, from.end, to.end).output - (*to.output - *from.output);
    return std::clamp(left, 0.0, tracks.shown(0, from.end - 2 * kSecond));
  }
  std::deque<Read> list_;
  double owed_ = 0;
};

struct Both {
  Options options;
  Tracks tracks{options};
  BypassWatch watch;
  Anew anew;
  std::int64_t now = kSecond;

  void changed() {
    for (const auto& change : tracks.take_changes()) watch.changed(change);
  }
  void remark(const Remark& r) {
    tracks.remark(r);
    changed();
  }
  void read(double output, double running) {
    EngineReading r{.begin = {now}, .end = {now + 5 * kMs}};
    r.output_tokens = output;
    r.running = running;
    tracks.now(r.end.ns);
    tracks.page(0, r.begin.ns, r.end.ns, running);
    changed();
    watch.reading(r, tracks);
    anew.reading(r);
  }
};

// A request's next remark, whatever that is. Some say at the end how many tokens there were, more than were seen.
void go_on(Both& b, RequestId id, std::vector<int>& tokens, std::mt19937_64& random) {
  const auto dice = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  int& made = tokens[id];
  const SteadyTime at{b.now - dice(3) * kMs};  // not quite in order
  if (made < 0) {
    b.remark({id, at, Arrived{.prompt_bytes = 400, .streamed = dice(4) > 0}});
    b.remark({id, at, Sent{}});
    made = 0;
  } else if (dice(30) > 0) {
    const int n = 1 + (dice(5) == 0 ? dice(40) : 0);
    b.remark({id, at, Tokens{.count = n}});
    made += n;
  } else {
    if (dice(3) > 0) b.remark({id, at, Usage{.prompt = 100, .output = made + (dice(2) == 0 ? dice(200) : 0)}});
    b.remark({id, at, Ended{dice(4) == 0 ? Outcome::cancelled : Outcome::complete}});
    made = -2;
  }
}

RC_GTEST_PROP(Bypass, WhatIsKeptByReadingIsWhatItWouldBeAnew, ()) {
  std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
  const auto dice = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  Both b;
  std::vector<int> tokens(1, -2);
  double page = 0;
  std::int64_t edge = 0;
  for (int i = 0; i < 600; ++i) {
    b.now += dice(20) * kMs;
    if (dice(12) == 0 && tokens.size() < 30) tokens.push_back(-1);
    const auto id = static_cast<RequestId>(dice(static_cast<int>(tokens.size())));
    if (id > 0 && tokens[id] > -2) go_on(b, id, tokens, random);
    page += dice(3) == 0 ? dice(60) : 0;
    if (dice(400) == 0) page = 0;  // it restarts
    if (dice(15) == 0) b.read(page, dice(10));
    if (dice(10) != 0) continue;
    const std::int64_t end = std::max(edge, b.now - dice(2000) * kMs);
    const std::int64_t begin = std::max(edge, end - (1 + dice(1000)) * kMs);
    const auto over = b.watch.over(begin, end, b.tracks);
    const auto kept = over.find(0);
    const double anew = begin < end ? b.anew.over(begin, end, b.tracks) : 0;
    if (kept == over.end()) {
      RC_ASSERT(anew <= 0);
    } else if (begin < end) {
      RC_ASSERT(std::abs(kept->second.output - anew) <= 1e-9 * anew);
    }
    if (dice(8) != 0) continue;
    edge = end;
    (void)b.tracks.over(edge);
    b.watch.forget(edge, b.tracks);
    b.anew.forget(edge, b.tracks);
  }
}

}  // namespace
}  // namespace joulebook::attribution
