#include "fakes/simulated_engine.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <utility>

#include "fakes/simulated_costs.h"

namespace joulebook::fakes {
namespace {

using attribution::Phase;

struct Running {
  std::size_t job;
  int need = 0;  // prompt tokens, after a preemption all its context
  int read = 0;  // of them, cached inside
  int made = 0;
  int untold = 0;  // made and not yet on the wire
  int kept = 0;    // tokens that this step gives it
  int drafted = 0, accepted = 0;
  bool closed = false;  // by its client
};

struct Piece {  // one sequence's part of a step
  std::size_t job = 0;
  Phase phase = Phase::answer;
  double own_j = 0, rejected_j = 0;
  double memory_s = 0, compute_s = 0;
  double tokens = 0;  // computed, or kept
};

struct Word {  // what a step has to say of a job
  std::size_t job = 0;
  std::vector<decltype(attribution::Remark::what)> what;
  bool last = false;
};

class Engine {
 public:
  Engine(const SimulatedTraffic& traffic, const SimulatedEngineOptions& o)
      : traffic_(traffic), o_(o), costs_(shaken(o)), dice_(o.seed) {
    run_.jobs.resize(traffic.jobs.size());
    wire_s_.resize(traffic.jobs.size(), 0);
    run_.idle_w = o.idle_w;
  }

  SimulatedRun run() {
    const std::size_t first =
        traffic_.concurrency > 0 ? static_cast<std::size_t>(traffic_.concurrency) : 0;
    for (std::size_t i = 0; i < std::min(first, traffic_.jobs.size()); ++i) {
      arrive(0.2 + 0.02 * static_cast<double>(i));
    }
    while (true) {
      admit();
      if (!running_.empty()) {
        step();
      } else if (!held_back_.empty()) {
        now_ += length_s_;
        let_go();
      } else if (!waiting_.empty() && parked_.empty()) {
        now_ = std::max(now_, run_.jobs[waiting_.front()].sent_s);
      } else if (traffic_.concurrency <= 0 && next_ < traffic_.jobs.size()) {
        now_ = std::max(now_, traffic_.jobs[next_].arrive_s);
      } else {
        break;
      }
    }
    run_.end_s = now_ + 1;
    std::stable_sort(run_.remarks.begin(), run_.remarks.end(),
                     [](const auto& a, const auto& b) { return a.at < b.at; });
    return std::move(run_);
  }

 private:
  void say(std::size_t job, double at_s, decltype(attribution::Remark::what) what) {
    if (traffic_.jobs[job].bypass) return;
    run_.remarks.push_back({job + 1, {static_cast<std::int64_t>(at_s * 1e9)}, std::move(what)});
  }

  void arrive(double at_s) {
    const std::size_t job = next_++;
    const SimulatedJob& j = traffic_.jobs[job];
    run_.jobs[job].sent_s = at_s;
    attribution::Arrived a{.choices = static_cast<std::uint32_t>(j.choices),
                           .streamed = j.streamed};
    a.prompt_bytes = static_cast<std::int64_t>(j.prompt * (3 + 2 * dice_.unit()));
    say(job, at_s, a);
    say(job, at_s, attribution::Sent{});
    const auto later = std::find_if(waiting_.begin(), waiting_.end(),
                                    [&](std::size_t w) { return run_.jobs[w].sent_s > at_s; });
    waiting_.insert(later, job);
  }

  void admit() {
    while (traffic_.concurrency <= 0 && next_ < traffic_.jobs.size() &&
           traffic_.jobs[next_].arrive_s <= now_) {
      arrive(traffic_.jobs[next_].arrive_s);
    }
    preempt();
    double held = this->held();
    const auto fits = [&](double tokens) {
      return static_cast<int>(running_.size()) < o_.most_running &&
             (o_.cache <= 0 || running_.empty() || held + tokens <= 0.99 * o_.cache);
    };
    while (!parked_.empty() && fits(parked_.front().need)) {
      held += parked_.front().need;
      running_.push_back(parked_.front());
      parked_.pop_front();
    }
    while (parked_.empty() && !waiting_.empty() &&
           fits(traffic_.jobs[waiting_.front()].prompt) &&
           run_.jobs[waiting_.front()].sent_s <= now_) {
      const std::size_t job = waiting_.front();
      waiting_.pop_front();
      held += traffic_.jobs[job].prompt;
      running_.push_back(
          {.job = job, .need = traffic_.jobs[job].prompt, .read = traffic_.jobs[job].cached});
    }
  }

  [[nodiscard]] double held() const {  // tokens of context
    double sum = 0;
    for (const Running& r : running_)
      sum += traffic_.jobs[r.job].prompt + r.made * traffic_.jobs[r.job].choices;
    return sum;
  }

  // The newest makes room, and reads all of its context again when there is some.
  void preempt() {
    while (o_.cache > 0 && running_.size() > 1 && held() > o_.cache) {
      Running r = running_.back();
      running_.pop_back();
      r.need = traffic_.jobs[r.job].prompt + r.made;
      r.read = 0;
      parked_.push_front(r);
      ++run_.preempted;
    }
  }

  // Who is in the step, and what is its own.
  std::vector<Piece> plan(std::vector<std::pair<std::size_t, int>>& chunks) {
    const Costs& c = costs_;
    std::vector<Piece> pieces;
    int left = o_.budget;
    const bool reads = o_.apart && std::any_of(running_.begin(), running_.end(), [](const Running& r) {
      return r.read < r.need;
    });
    for (Running& r : running_) {
      const SimulatedJob& j = traffic_.jobs[r.job];
      r.kept = 0;
      if (reads || r.read < r.need) continue;
      verify(r, j);
      const double context = j.prompt + r.made;
      for (int i = 0; i < j.choices; ++i) {
        pieces.push_back({r.job, r.made < j.reasoning ? Phase::reason : Phase::answer,
                          c.token_j * r.kept + c.context_j * std::pow(context, 0.99),
                          c.token_j * (1 + o_.drafts - r.kept),
                          c.context_s * std::pow(context, 1.01), c.token_s * (1 + o_.drafts),
                          static_cast<double>(r.kept)});
        left -= 1 + o_.drafts;
      }
    }
    for (std::size_t i = 0; i < running_.size() && left > 0; ++i) {
      const Running& r = running_[i];
      const int n = std::min(r.need - r.read, left);
      if (n <= 0) continue;
      if (run_.jobs[r.job].begun_s == 0) run_.jobs[r.job].begun_s = now_;
      const double attended = n * (r.read + n / 2.0);
      pieces.push_back({r.job, Phase::prefill,
                        c.prompt_j * std::pow(n, 1.01) + c.attend_j * attended, 0, 0,
                        c.prompt_s * std::pow(n, 0.98) + c.attend_s * attended,
                        static_cast<double>(n)});
      chunks.emplace_back(i, n);
      left -= n;
    }
    return pieces;
  }

  void verify(Running& r, const SimulatedJob& j) {
    r.kept = 1;
    for (int d = 0; d < o_.drafts && dice_.unit() < o_.acceptance; ++d) ++r.kept;
    r.kept = std::min(r.kept, j.output - r.made);
    r.drafted += o_.drafts;
    r.accepted += r.kept - 1;
  }

  // Experts, of which some are liked more than others: each that somebody chose is read once, for
  // those that chose it, in equal parts; expectations.
  void route(std::vector<Piece>& pieces) const {
    if (o_.experts_j <= 0) return;
    double liked = 0;
    for (int e = 0; e < o_.experts; ++e) liked += 1 / (e + 4.0);
    for (int e = 0; e < o_.experts; ++e) {
      const double p = std::min(o_.chosen / (e + 4.0) / liked, 1.0);
      double choosers = 0, nobody = 1;
      for (const Piece& piece : pieces) {
        const double none = std::pow(1 - p, piece.tokens);
        choosers += 1 - none;
        nobody *= none;
      }
      for (Piece& piece : pieces) {
        piece.own_j += o_.experts_j / o_.experts * (1 - nobody) *
                       (1 - std::pow(1 - p, piece.tokens)) / std::max(choosers, 1e-12);
      }
    }
  }

  double charge(std::vector<Piece> pieces) {
    const double jitter = std::exp(o_.jitter * dice_.normal()),
                 n = static_cast<double>(pieces.size());
    route(pieces);
    double memory = 0, compute = 0, own = 0;
    for (const Piece& p : pieces) {
      memory += p.memory_s;
      compute += p.compute_s;
      own += p.own_j + p.rejected_j;
    }
    const StepCost whole = step_cost(costs_, n, memory, compute, own, jitter);
    for (const Piece& p : pieces) {
      JobTruth& truth = run_.jobs[p.job];
      const double part = whole.bend * (p.own_j + whole.common / n),
                   waste = whole.bend * p.rejected_j;
      truth.fair += part + waste;
      truth.phases[static_cast<std::size_t>(p.phase)] += part;
      truth.phases[static_cast<std::size_t>(Phase::wasted)] += waste;
      const StepCost without = step_cost(costs_, n - 1, memory - p.memory_s, compute - p.compute_s,
                                         own - p.own_j - p.rejected_j, jitter);
      truth.marginal += whole.joules - without.joules;
    }
    run_.active_j += whole.joules;
    run_.spans.push_back({now_, now_ + whole.seconds, whole.joules});
    run_.spans.back().running = static_cast<int>(running_.size());
    run_.spans.back().waiting = static_cast<int>(std::count_if(
        waiting_.begin(), waiting_.end(), [&](std::size_t job) { return run_.jobs[job].sent_s <= now_; }));
    for (const Piece& p : pieces) {
      (p.phase == Phase::prefill ? run_.spans.back().prompt : run_.spans.back().output) += p.tokens;
    }
    return whole.seconds;
  }

  void step() {
    std::vector<std::pair<std::size_t, int>> chunks;
    const double length = charge(plan(chunks));
    for (const auto& [i, n] : chunks) {
      running_[i].read += n;
      if (running_[i].read >= running_[i].need) running_[i].kept = 1;
    }
    now_ += length_s_ = length;
    let_go();
    for (Running& r : running_) {
      if (r.kept > 0) tell(r, r.kept);
    }
    hang_up();
    for (const Running& r : running_) {
      if (r.closed && now_ >= run_.jobs[r.job].ended_s + o_.let_go_s) done(r);
    }
    std::erase_if(running_, [&](const Running& r) { return run_.jobs[r.job].done; });
  }

  // Who was not at work yet is let go at once.
  void hang_up() {
    if (traffic_.give_up_s <= 0 || gave_up_ || now_ < traffic_.give_up_s) return;
    gave_up_ = true;
    std::vector<Running> idle;
    for (; !waiting_.empty() && run_.jobs[waiting_.front()].sent_s <= now_; waiting_.pop_front()) {
      idle.push_back({.job = waiting_.front()});
    }
    idle.insert(idle.end(), parked_.begin(), parked_.end());
    parked_.clear();
    const auto leave = [&](Running& r) {
      if (!r.closed && !run_.jobs[r.job].done) close(r, std::max(wire_s_[r.job], now_), traffic_.pause_s);
    };
    for (Running& r : running_) leave(r);
    for (Running& r : idle) {
      leave(r);
      done(r);
    }
  }

  // The client has gone; the engine may not know yet.
  void close(Running& r, double at_s, double pause_s = 0) {
    r.closed = true;
    run_.jobs[r.job].cancelled = true;
    run_.jobs[r.job].ended_s = now_;
    say(r.job, at_s, attribution::Ended{attribution::Outcome::cancelled});
    next_client(at_s + pause_s);
  }

  void next_client(double at_s) {
    if (traffic_.concurrency > 0 && next_ < traffic_.jobs.size())
      arrive(at_s + dice_.exponential(0.02));
  }

  void done(const Running& r) {
    JobTruth& truth = run_.jobs[r.job];
    truth.done = true;
    truth.let_go_s = now_;
    if (!truth.cancelled) return;
    for (double& p : truth.phases) p = 0;
    truth.phases[static_cast<std::size_t>(Phase::wasted)] = truth.fair;
  }

  void tell(Running& r, int n) {
    const SimulatedJob& j = traffic_.jobs[r.job];
    JobTruth& truth = run_.jobs[r.job];
    const bool thinks = r.made < j.reasoning;
    r.made += n;
    truth.made = r.made;
    if (r.closed) {  // nobody hears of it
      if (r.made >= j.output) done(r);
      return;
    }
    r.untold += n;
    Word word{.job = r.job, .what = {}};
    const bool cut = j.cancel_after > 0 && r.made >= j.cancel_after;
    word.last = r.made >= j.output || cut;
    if (j.streamed && (word.last || r.made == n || r.untold >= j.burst)) {
      for (int i = 0; i < j.choices; ++i) {
        word.what.emplace_back(attribution::Tokens{.count = r.untold,
                                                   .choice = static_cast<std::uint32_t>(i),
                                                   .reasoning = thinks,
                                                   .counted = o_.drafts > 0 || j.burst > 1});
      }
      r.untold = 0;
    }
    if (word.last) end(r, j, cut, word);
    if (o_.delivery == Delivery::step_late) {
      held_back_.push_back(std::move(word));
    } else {
      deliver(word);
    }
  }

  void end(Running& r, const SimulatedJob& j, bool cut, Word& word) {
    JobTruth& truth = run_.jobs[r.job];
    truth.ended_s = now_;
    truth.cancelled = cut;
    r.closed = cut && !j.fails;
    if (!cut && j.usage) word.what.emplace_back(usage(j, r));
    word.what.emplace_back(attribution::Ended{!cut      ? attribution::Outcome::complete
                                              : j.fails ? attribution::Outcome::failed
                                                        : attribution::Outcome::cancelled});
    if (!r.closed) done(r);
  }

  // FIFO, for each job.
  void deliver(const Word& word) {
    double from = now_;
    if (o_.delivery == Delivery::flushed) from = std::ceil(now_ / o_.flush_s) * o_.flush_s;
    if (o_.delivery == Delivery::jittered) from += length_s_ * dice_.unit();
    const double at_s = wire_s_[word.job] = std::max(wire_s_[word.job], from + dice_.exponential(o_.network_s));
    for (const auto& what : word.what) say(word.job, at_s, what);
    if (word.last) next_client(at_s);
  }

  void let_go() {
    for (const Word& word : std::exchange(held_back_, {})) deliver(word);
  }

  attribution::Usage usage(const SimulatedJob& j, const Running& r) const {
    attribution::Usage u{.prompt = j.prompt, .output = j.output * j.choices};
    if (j.counted) u.cached = j.cached;
    if (j.reasoning > 0) u.reasoning = j.reasoning;
    if (o_.drafts > 0) {
      u.drafted = r.drafted * j.choices;
      u.accepted = r.accepted * j.choices;
    }
    return u;
  }

  const SimulatedTraffic& traffic_;
  const SimulatedEngineOptions& o_;
  Costs costs_;
  Dice dice_;
  SimulatedRun run_;
  std::deque<std::size_t> waiting_;  // by sent_s
  std::deque<Running> parked_;  // preempted
  std::vector<Running> running_;
  std::vector<Word> held_back_;  // to the end of the next step
  std::vector<double> wire_s_;   // last remark of each job
  double length_s_ = 0;          // of the newest step
  std::size_t next_ = 0;
  bool gave_up_ = false;
  double now_ = 0.1;
};

}  // namespace

SimulatedRun simulate(const SimulatedTraffic& traffic, const SimulatedEngineOptions& options) {
  return Engine(traffic, options).run();
}

}  // namespace joulebook::fakes
