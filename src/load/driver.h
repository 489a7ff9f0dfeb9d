#pragma once
// Drives an endpoint once: warms it up, measures until it is steady (or for as long as was asked),
// and lets what is in flight come home. One thread; memory depends on what is in flight, not on how
// many requests are sent.
//
// Latencies count from when a request was *due*, so that a server which stalls is charged with the
// requests it kept from being sent (no coordinated omission). What is measured are the requests due
// in the measured span, however late they end; the load is kept up until they have (except where an
// exact number of requests was asked for).
#include <joulebook/result.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "load/answer_reader.h"
#include "load/flow.h"
#include "load/pace.h"
#include "load/plan.h"
#include "load/steady.h"
#include "load/transport.h"
#include "load/workload.h"

namespace joulebook::load {

// What a run of the driver showed.
struct Flow {
  Window span;                       // all windows that count, as one
  std::vector<WindowPoint> windows;  // every window, in order
  std::size_t first_window = 0;      // of those that count
  std::size_t last_window = 0;       // one after them
  SteadyVerdict verdict;
  Beats beats;
  SteadyTime start;  // the first request, warm-up included
  std::int64_t sent = 0;
  std::int64_t warmup = 0;      // sent before anything counted
  std::int64_t unfinished = 0;  // were given up at the end
  double tokens_per_piece = 1;  // over all answers
  double tokens_per_answer = 0;
  std::string first_error;  // message of the first request that failed; empty: none did
};

struct DriverHooks {
  std::function<std::string(const WorkItem&)> body;  // the request's JSON
  // Each request as it ends, with its window, or -1 where it is not measured.
  std::function<void(const RequestRecord&, int window)> record;
  const std::atomic<bool>* cancel = nullptr;
  bool keep_text = false;
  std::string address;  // for messages
};

class Driver final : private Transport::Listener {
 public:
  // All outlive the driver.
  Driver(const LoadPlan& plan, const Workload& work, Transport& transport,
         const DriverHooks& hooks);
  // Once. Errors: interrupted; of the requests where not one was answered.
  [[nodiscard]] Result<Flow> run();

 private:
  enum class Phase { warming, measuring, draining };
  struct Flight {
    RequestRecord record;
    AnswerReader reader;
    int window = -1;  // by when it was due
    bool busy = false;
  };

  bool body(std::size_t slot, SteadyTime t, std::string_view bytes) override;
  void ended(std::size_t slot, SteadyTime t, const HttpStreamEnd& end) override;

  void issue(SteadyTime now);
  void send(SteadyTime due, SteadyTime now);
  void pieces_came(Flight& flight, SteadyTime t, std::int64_t pieces);
  void conclude(Flight& flight, SteadyTime t, const HttpStreamEnd& end);
  [[nodiscard]] std::optional<Error> error_of(const Flight& flight, const HttpStreamEnd& end) const;

  void begin_measuring(SteadyTime t);
  void tick(SteadyTime t);  // carries the curves on to `t`
  void roll(SteadyTime t);  // closes the windows that are over by `t`
  [[nodiscard]] bool roll_once(SteadyTime t);
  void close_window(SteadyTime t);
  void judge_if_due(SteadyTime t);
  void end_span(SteadyTime t, std::size_t first_window);
  [[nodiscard]] bool warm(SteadyTime now) const;
  [[nodiscard]] bool issues() const;
  [[nodiscard]] bool over(SteadyTime now) const;
  [[nodiscard]] bool hopeless() const;
  [[nodiscard]] SteadyTime wake(SteadyTime now) const;
  [[nodiscard]] int window_of(SteadyTime due) const;
  [[nodiscard]] std::vector<WindowPoint> points(std::size_t first, std::size_t last) const;
  void give_up();
  [[nodiscard]] Flow take();

  const LoadPlan& plan_;
  const Workload& work_;
  Transport& transport_;
  const DriverHooks& hooks_;
  std::optional<Pace> pace_;
  std::vector<std::unique_ptr<Flight>> flights_;  // by slot
  std::vector<std::size_t> free_;
  std::vector<Window> windows_;
  Flow flow_;
  Phase phase_ = Phase::warming;
  SteadyTime tick_{};      // up to where the curves were carried
  SteadyTime span_end_{};  // while draining
  std::int64_t measured_ = 0;
  std::int64_t target_ = 0;  // requests to measure; 0: by time
  std::int64_t answered_ = 0;
  std::int64_t failed_ = 0;
  std::int64_t tokens_ = 0;
  std::int64_t pieces_ = 0;
  SteadyTime next_due_ = kNever;
  int in_flight_ = 0;
  int answering_ = 0;
};

}  // namespace joulebook::load
