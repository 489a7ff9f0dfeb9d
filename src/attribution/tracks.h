#pragma once
// What is known of each request, from its remarks: when its prompt was read, and when each of its
// tokens was made. Times are ns of steady time. Not thread-safe.
#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "attribution/attributor.h"

namespace joulebook::attribution {

// Tokens of one sequence that became visible at `end`, made since `begin`.
struct Piece {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  double tokens = 0;  // as remarked
  double events = 0;  // in so many remarks
  double before = 0;  // tokens of the sequence before them
  bool reasoning = false;
};

struct Sequence {
  std::int64_t last = 0;
  double tokens = 0;
  double events = 0;
  std::deque<Piece> pieces;  // those that end before the settled edge are gone
};

struct Track {
  RequestId id = 0;
  Arrived arrived;
  std::int64_t begun = 0;  // first remark
  std::optional<std::int64_t> sent;
  std::optional<std::int64_t> first;  // token; where several came at once, so long before as they took
  std::int64_t shown = 0;             // when it, or the bunch that it was in, came
  double bunch = 1;                   // tokens of that
  bool flows = false;                 // its tokens came as they were made, as far as was seen
  std::optional<std::int64_t> ended;
  // Its client has closed, and its server may be at it still; until when its page showed that it was.
  bool lingers = false;
  std::int64_t let_go = 0;
  std::int64_t last = 0;  // remark
  [[nodiscard]] bool over_by(std::int64_t t) const { return ended && !lingers && std::max(*ended, let_go) <= t; }
  Outcome outcome = Outcome::complete;
  Usage usage;
  Timings timings;
  bool swaps = false;  // the request before it on its upstream was for another model, or its router's first
  std::map<std::uint32_t, Sequence> sequences;  // by choice
  double reasoning = 0;                         // tokens, as remarked
  bool counted = false;                         // every remark on tokens said how many
};

// One sequence's tokens as the division sees them: `tokens` are true tokens, `steps` they took.
struct Made {
  std::int64_t begin = 0, end = 0;
  double tokens = 0, steps = 0;
  double verified = 0;  // tokens that went through the products, drafts inside
  double before = 0;
  bool reasoning = false;
  bool unheard = false;  // after its client had gone
};

// Context that was read again: the sequence had been put aside to make room.
struct Again {
  std::int64_t from = 0, until = 0;
  double tokens = 0;
};

// What a request did, as far as it is known now.
struct Course {
  std::int64_t load_from = 0, load_until = 0;  // when its model was loaded, at the beginning; equal: it was there
  std::int64_t from = 0;   // of its prompt's computing; before: queue
  std::int64_t first = 0;  // its end
  bool prefilled = false;  // there is such a span
  double bunch = 1;        // tokens with which its first came: when that was is told by the next
  double prompt = 0;       // tokens, cached inside
  double cached = 0;
  double computed = 0;  // prompt - cached, as told
  double read = 0;      // of it, as far as there was time to; less only where nobody told of the cache
  bool known = false;   // the sender counted them
  bool untold = false;  // of its answer nobody counted anything, and nothing was seen
  double output = 0;
  double reasoning = 0;
  double hidden = 0;    // of it, never shown, in a stream of what came after
  double rejected = 0;  // drafts
  std::vector<std::vector<Made>> sequences;
  std::vector<Again> again;
  std::int64_t end = 0;  // of its work
};

// Learned of an upstream: how long its prompts take.
struct Pace {
  double seconds_per_token = 0;  // low quartile; 0: not known yet
  double gap_s = 0;              // usual time between tokens of a sequence; 0: not known yet
  double observed = 0;
  bool told = false;  // of some request, what the cache held
  // Of prompts that ended while others decoded: the part that ended in a step that gave those no token,
  // newest weighing most.
  double apart = 0;
  double prompts = 0;  // that it rests on
  double each_s = 0;  // time that a token takes, of whole streams; 0: not known yet
  // How far a stream's length is from as many steps as it has tokens, by those beside it: median, steps.
  double astray = 0;
  double streams = 0;  // that it rests on
  // Standard deviation of the time for which a token is kept back, on its server or on its way; 0 where tokens come
  // with their steps.
  [[nodiscard]] double late_s() const;
  // Prompts are read in steps of their own.
  [[nodiscard]] bool reads_apart() const { return prompts >= 3 && apart > 0.6; }
};

class Tracks {
 public:
  explicit Tracks(const Options& options) : options_(options) {}

  void remark(const Remark& remark);
  void now(std::int64_t at);
  [[nodiscard]] std::int64_t now() const { return now_; }
  // An upstream's metrics page, written between these, counts `all` requests, running or not. What it counts
  // beyond those that are open are, newest first, those whose clients have closed: they go on, for kLinger at
  // most. As many more as it counted before they closed are others.
  void page(std::uint32_t upstream, std::int64_t begin, std::int64_t end, double all);
  // Some request was sent before `end` and is not over, or its server may not know.
  [[nodiscard]] bool open_before(std::int64_t end) const;
  // Those with work in [begin, end), by id.
  [[nodiscard]] std::vector<const Track*> within(std::int64_t begin, std::int64_t end) const;
  [[nodiscard]] Course course(const Track& track) const;
  // Learns from what happened in [begin, end); once a window, in order.
  void learn(std::int64_t begin, std::int64_t end);
  // Forgets requests that are over by `edge`, and the pieces before it; those requests, by id.
  struct Done {
    Track track;
    Course course;  // empty where it was never sent
  };
  [[nodiscard]] std::vector<Done> over(std::int64_t edge);
  // Sequences of an upstream, all its engines together, that a page written no earlier than `begin` may count:
  // sent and not over by then, or not yet for its server.
  [[nodiscard]] double counted(std::uint32_t upstream, std::int64_t begin) const;
  // Tokens that an upstream, all its engines together, made and read in (from, until], as far as they are known now: of requests
  // that are over, as counted; else as remarked. A prompt is read when its first token comes.
  struct Own {
    double output = 0, prompt = 0, computed = 0;
    // What may be its own beside that: prompts that nobody told the length of, tokens that nobody heard of.
    double more_output = 0, more_prompt = 0;
  };
  [[nodiscard]] Own own(std::uint32_t upstream, std::int64_t from, std::int64_t until) const;
  // Where own().output may say something else than before: of that upstream, after `from`. Told once.
  struct Change {
    std::uint32_t upstream;
    std::int64_t from;
  };
  [[nodiscard]] std::vector<Change> take_changes() { return std::exchange(changes_, {}); }
  // Output tokens, as known now, of all requests of an upstream that are not over or were by no more than
  // the horizon ago and after `since`.
  [[nodiscard]] double shown(std::uint32_t upstream, std::int64_t since) const;
  [[nodiscard]] Pace pace(std::uint32_t upstream) const;
  [[nodiscard]] std::size_t size() const { return tracks_.size(); }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  Track* find(const Remark& remark);
  void tokens(Track& track, const Tokens& what, std::int64_t at);
  void flows(Track& track, double each_s);
  [[nodiscard]] bool joins(const Track& track, const Sequence& sequence, const Piece& piece) const;
  void first_bunch(Track& track, Piece& bunch);
  void end(Track& track, const Ended& what);
  struct PageSeen;
  void let_go(Track& track, PageSeen& page, std::int64_t until);
  void changed(std::uint32_t engine, std::int64_t from);
  void step_seen(std::uint32_t upstream, std::int64_t at);
  void made(std::uint32_t upstream, std::int64_t at, double tokens, bool first);
  [[nodiscard]] std::int64_t queued_until(const Track& track, std::int64_t first,
                                          double gap_s) const;
  // When the prompt of one that shows nothing between its ends can have been read: prompts are
  // read in the order in which they come, so between those of its neighbours that stream.
  struct Turn {
    std::int64_t from, until;
  };
  [[nodiscard]] Turn turn(const Track& track, std::int64_t end) const;
  [[nodiscard]] Course unseen(const Track& track, Course course) const;
  struct Stretch {
    std::int64_t begin, end;
    double steps;
  };
  [[nodiscard]] std::vector<Stretch> seen_stretches(std::uint32_t upstream, std::int64_t from, std::int64_t to) const;
  [[nodiscard]] double untold_tokens(const Track& track, std::int64_t from, std::int64_t to) const;
  // When `steps` steps up to `to` can have been, in order.
  [[nodiscard]] std::vector<Stretch> stretches(std::uint32_t upstream, std::int64_t from,
                                               std::int64_t to, double steps) const;
  // The tokens of one that did not stream, `each` of a sequence.
  void place_blind(const Track& track, double each, Course& course) const;
  void place_prompt(const Track& track, Course& course) const;
  void place_load(const Track& track, Course& course) const;
  void learn_pace(const Track& track);
  void learn_apart(const Track& track);
  void learn_delay(const Track& track);
  [[nodiscard]] std::vector<double> beside(const Track& track, double gap_s) const;
  // Tokens of a sequence up to then, evenly between those that were seen; beyond the last at the usual gap.
  [[nodiscard]] static double made_until(const Sequence& sequence, std::int64_t at, double gap_s);
  // When the last of a bunch was made, which was let go of later.
  [[nodiscard]] static std::int64_t made_by(const Track& track, const Sequence& sequence, const Piece& piece);
  [[nodiscard]] static double hidden(const Track& track, const Course& course);
  void place_hidden(const Track& track, Course& course) const;
  void place_tokens(const Track& track, Course& course) const;
  // A piece over a pause in which others went on: what came before its tokens is cut off, and its
  // context was read again.
  void put_aside(const Track& track, Made& made, Course& course) const;
  [[nodiscard]] double steps_seen(std::uint32_t upstream, std::int64_t from, std::int64_t to) const;
  // Steps a second, as others' streams show them then, or by the usual gap; 0: not known.
  [[nodiscard]] double step_rate(std::uint32_t upstream, std::int64_t from, std::int64_t to) const;
  void count(const Track& track, Course& course) const;

  Options options_;
  std::map<RequestId, Track> tracks_;
  std::map<std::uint32_t, std::multiset<std::int64_t>> firsts_;  // first tokens, by upstream
  // The same of those that stream, by when they were sent.
  std::map<std::uint32_t, std::multimap<std::int64_t, std::int64_t>> turns_;
  struct StepEnd {  // when the first and the last of its tokens came
    std::int64_t first, last;
  };
  std::map<std::uint32_t, std::deque<StepEnd>> steps_;  // by upstream
  // Steps as streams show them, one step a token of each: how many by when, to 10 ms.
  struct StepClock {
    struct Tick {
      std::int64_t at;
      double steps;  // since the tick before
      double tokens;
    };
    std::deque<Tick> ticks;
    double streams = 0;  // that decode now
  };
  std::map<std::uint32_t, StepClock> clocks_;
  std::map<std::uint32_t, Pace> paces_;
  std::map<std::uint32_t, std::uint32_t> newest_engine_;  // that a request was for, by upstream
  // Of requests that are over: when the prompt was read, and, evenly over [from, until], tokens that no
  // remark told of when they were made.
  struct Over {
    std::int64_t from, until;
    double prompt, computed, untold, output;
    std::int64_t latest = 0;  // `until` of it and of all before
  };
  void add_over(std::uint32_t engine, Over over);
  std::map<std::uint32_t, std::deque<Over>> over_;
  struct Doubt {  // tokens that may have been made, so many a second, and read, at any time between
    std::int64_t from, until;
    double output_rate, prompt;
  };
  void add_doubt(std::uint32_t engine, const Doubt& doubt);
  void doubt(const Track& track, const Course& course);
  std::map<std::uint32_t, std::deque<Doubt>> doubts_;
  struct PageSeen {
    std::int64_t end = INT64_MIN;
    double others = 0;                  // that it counted when none lingered
    std::optional<double> late_s;       // its server is at what clients have closed for so long, as far as was seen
    std::vector<RequestId> lingering;   // in the order in which they closed
  };
  std::map<std::uint32_t, PageSeen> pages_;  // by upstream, of those that have one
  std::vector<Change> changes_;
  std::int64_t now_ = INT64_MIN;
  std::int64_t edge_ = INT64_MIN;
  std::uint64_t refused_ = 0;
};

}  // namespace joulebook::attribution
